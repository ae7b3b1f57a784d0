//! What is recorded of an owner, for those who find the lock busy.

use std::sync::OnceLock;

use uuid::Uuid;

use crate::holder::{BY_HAND, Holder};

/// `host/pid function`, the correlation id if there is one, and the time.
pub(crate) fn record(function: &str, id: Option<Uuid>) -> String {
    let function = if function.is_empty() { BY_HAND } else { function };
    match id {
        Some(id) => Holder::record_now(&format!("{} {id} {function}", process())),
        None => Holder::record_now(&format!("{} {function}", process())),
    }
}

/// `host/pid`, looked up once.
fn process() -> &'static str {
    static PROCESS: OnceLock<String> = OnceLock::new();
    PROCESS.get_or_init(|| {
        let uname = rustix::system::uname();
        let host = uname.nodename().to_string_lossy().into_owned();
        format!("{host}/{}", std::process::id())
    })
}
