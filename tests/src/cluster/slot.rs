//! Keys of one slot.

use crate::slot;

/// `count` names whose keys `LOCK:<name>` are in the slot of `LOCK:<first>`, beginning with `first`.
#[must_use]
pub fn names_in_slot_of(first: &str, count: usize) -> Vec<String> {
    let wanted = slot(&format!("LOCK:{first}"));
    let others = (0_u64..).map(|number| format!("{first}{number}"));
    let others = others.filter(|name| slot(&format!("LOCK:{name}")) == wanted);
    std::iter::once(first.to_owned()).chain(others).take(count).collect()
}
