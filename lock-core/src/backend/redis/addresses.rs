//! Where servers are reached whose addresses were told by others.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type Reached = dyn Fn(&str, u16) -> (String, u16) + Send + Sync;

/// From the address that a sentinel or a node of a cluster told to the one at which that server is reached from here. Without a
/// map of the user's they are the same.
#[derive(Clone, Default)]
pub(crate) struct AddressMap(Option<Arc<Reached>>);

impl AddressMap {
    pub(crate) fn new(map: impl Fn(&str, u16) -> (String, u16) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(map)))
    }

    pub(super) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn reached(&self, host: &str, port: u16) -> (String, u16) {
        let told = || (host.to_owned(), port);
        match &self.0 {
            // A panic of the user's code here would end the task that moves the bytes of a connection.
            Some(map) => catch_unwind(AssertUnwindSafe(|| map(host, port))).unwrap_or_else(|_| told()),
            None => told(),
        }
    }
}

impl fmt::Debug for AddressMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "AddressMap(..)" } else { "AddressMap" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_where_the_map_says_and_without_one_where_it_was_told() {
        assert_eq!(AddressMap::default().reached("a", 1), ("a".to_owned(), 1));
        let map = AddressMap::new(|host, port| match host {
            "a" => ("localhost".to_owned(), port + 1),
            "b" => panic!("a bug in the user's map"),
            host => (host.to_owned(), port),
        });
        assert_eq!(map.reached("a", 1), ("localhost".to_owned(), 2));
        assert_eq!(map.reached("b", 1), ("b".to_owned(), 1));
    }
}
