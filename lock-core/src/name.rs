//! The full name of a lock, as the server knows it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// How many slots a cluster has.
const SLOTS: u16 = 16384;

/// The full name of a lock, `LOCK:order:42`: the key under which the server keeps it. Cheap to clone.
///
/// Names are made by a [`LockManager`](crate::LockManager) out of its namespace and a [`LockKey`](crate::LockKey);
/// they are bounded (255 bytes) and hold nothing that a log or Redis would interpret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockName(Arc<str>);

impl LockName {
    /// Only the joiner in `key` makes names, so that every name is encoded and bounded.
    pub(crate) fn new(encoded: &str) -> Self {
        Self(Arc::from(encoded))
    }

    /// Its slot in a cluster.
    pub(crate) fn slot(&self) -> u16 {
        // No hash tag: names hold no braces.
        crc16(self.0.as_bytes()) % SLOTS
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl AsRef<str> for LockName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Maps keyed by names are searched by text. Equality, order and hash are those of the text.
impl Borrow<str> for LockName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// CRC-16/XMODEM, by which clusters spread keys.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_a_cluster() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        // As CLUSTER KEYSLOT says.
        assert_eq!(LockName::new("foo").slot(), 12182);
        assert_eq!(LockName::new("123456789").slot(), 12739);
    }
}
