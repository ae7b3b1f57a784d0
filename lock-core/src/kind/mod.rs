//! Kinds of locks. A kind is a policy: it says how each name is claimed, and how many of the claims must be held at once.
//!
//! ```text
//! reentrant, fair, read, write   1 claim, 1 needed
//! multi                          n names, all of them needed (`multi`)
//! red                            1 name on n masters, a majority needed (`red`)
//! ```

mod at_once;
mod claim;
mod lease;
mod multi;
mod red;
mod sorted;

pub(crate) use claim::{claim_of, member_claim};
pub(crate) use lease::{Lease, LeaseLost, Named, Part, Parts};
pub(crate) use multi::acquire_all;
pub(crate) use red::{Master, Masters, Quorum, acquire_red};
pub(crate) use sorted::{MAX_NAMES, check_count, sorted};
