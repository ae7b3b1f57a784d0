//! What is recorded of an owner, for those who find the lock busy.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// `host/pid function @ms`: who, and since when by its own wall clock.
pub(crate) fn record(function: &str, id: Option<Uuid>) -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let function = if function.is_empty() { "by hand" } else { function };
    match id {
        Some(id) => format!("{} {function} {id} @{since}", process()),
        None => format!("{} {function} @{since}", process()),
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
