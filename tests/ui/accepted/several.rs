//! Every form of `keys`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use lock_core::{Held, LockError, LockKeyPart, LockManager, distributed_lock};

struct Item {
    sku: String,
    amount: u64,
}

struct Order {
    shop: u64,
    items: Vec<Item>,
    notes: Vec<String>,
}

fn order() -> Order {
    let item = |sku: &str| Item { sku: sku.to_owned(), amount: 1 };
    Order { shop: 3, items: vec![item("tea"), item("mug")], notes: vec!["b".to_owned(), "a".to_owned()] }
}

#[allow(clippy::ptr_arg)] // it is passed by its name
fn capital(note: &String) -> String {
    note.to_uppercase()
}

fn names(held: &Held) -> Vec<String> {
    held.names().iter().map(ToString::to_string).collect()
}

macro_rules! keys_cases {
    // The parameters are named outside of the macro, where bare keys are written: names are hygienic.
    ($order:ident, $from:ident, $to:ident, $ids:ident; $($name:ident: $keys:expr;)*) => {
        keys_cases! { @ [$order: Order, $from: String, $to: u64, $ids: Vec<u64>] $($name: $keys;)* }
    };
    (@ $parameters:tt $($name:ident: $keys:expr;)*) => {
        $(keys_cases! { @@ $name: $keys; $parameters })*
    };
    (@@ $name:ident: $keys:expr; [$($parameter:ident: $type:ty),*]) => {
        #[distributed_lock(prefix = "s", keys = $keys, guard = held)]
        async fn $name($($parameter: $type),*) -> Result<Vec<String>, LockError> {
            // The body owns them all: none was moved into the key.
            drop(($($parameter),*));
            Ok(names(&held))
        }
    };
}

keys_cases! {
    order, from, to, ids;
    parameter_in_quotes: "ids";
    parameter: ids;
    part_of_it: ids[1..];
    field: order.notes;
    field_in_quotes: "order.notes";
    reference: &ids;
    iterator: "ids.iter()";
    mapped: order.items.iter().map(|item| &item.sku);
    mapped_in_quotes: "order.items.iter().map(|item| &item.sku)";
    pairs: order.items.iter().map(|item| (order.shop, &item.sku));
    owned: order.items.iter().map(|item| { item.sku.to_uppercase() });
    filtered: order.items.iter().filter(|item| item.amount > 0).map(|item| item.amount);
    list: [from, to];
    list_in_quotes: "[from, to]";
    list_of_pairs: [(order.shop, from), (order.shop, to)];
    range: "to..to + 2";
    one: "Some(to)";
    function_by_name: order.notes.iter().map(capital);
    function_by_name_in_quotes: "order.notes.iter().map(capital)";
}

#[distributed_lock(prefix = "s", keys = "ids", guard = held)]
async fn borrowed(ids: &[u64]) -> Result<Vec<String>, LockError> {
    Ok([names(&held), vec![ids.len().to_string()]].concat())
}

#[distributed_lock(prefix = "s", keys = ids, guard = held)]
async fn in_an_arc(ids: Arc<[u64]>) -> Result<Vec<String>, LockError> {
    drop(ids);
    Ok(names(&held))
}

#[distributed_lock(prefix = "s", keys = ids, guard = held)]
async fn mutable(ids: &mut Vec<u64>) -> Result<Vec<String>, LockError> {
    ids.clear();
    Ok(names(&held))
}

#[distributed_lock(prefix = "s", keys = ids, guard = held)]
async fn sets(ids: BTreeSet<u64>, more: HashSet<u64>) -> Result<Vec<String>, LockError> {
    drop((ids, more));
    Ok(names(&held))
}

#[distributed_lock(prefix = "s", keys = "cart.keys()", guard = held)]
async fn map(cart: BTreeMap<&'static str, u64>) -> Result<Vec<String>, LockError> {
    drop(cart);
    Ok(names(&held))
}

#[distributed_lock(prefix = "s", keys = ids, guard = held)]
async fn generic<T: LockKeyPart + Send, const N: usize>(ids: [T; N]) -> Result<Vec<String>, LockError> {
    drop(ids);
    Ok(names(&held))
}

#[distributed_lock(name = "plain", keys = [a, b], kind = "write")]
fn plain(a: &str, b: u64) -> Result<Vec<String>, LockError> {
    let _ = (a, b);
    Ok(names(&Held::current().expect("a hold")))
}

struct Hall {
    locks: LockManager,
    hall: u64,
    taken: Vec<u64>,
}

impl Hall {
    #[distributed_lock(prefix = "seat", keys = "seats.iter().map(|seat| (self.hall, seat))", locks = self.locks, guard = held)]
    async fn book(&mut self, seats: &[u64]) -> Result<Vec<String>, LockError> {
        self.taken.extend(seats);
        Ok(names(&held))
    }

    #[distributed_lock(prefix = "seat", keys = self.taken, kind = "read", locks = self.locks, guard = held)]
    async fn look(&self) -> Result<usize, LockError> {
        Ok(held.names().len())
    }
}

#[distributed_lock(prefix = "s", keys = ids)]
async fn no_body_without_keys(ids: Vec<u64>) -> Result<(), LockError> {
    unreachable!("{ids:?}")
}

#[test]
fn several_keys_become_several_names_in_the_order_of_the_keys() {
    macro_rules! taken {
        ($name:ident) => {
            $name(order(), "x".to_owned(), 8, vec![2, 1, 2]).await.unwrap()
        };
    }
    super::run(async {
        macro_rules! check {
            ($($name:ident: $($expected:literal),*;)*) => {$(
                assert_eq!(taken!($name), [$($expected),*], stringify!($name));
            )*};
        }
        check! {
            parameter_in_quotes: "LOCK:s:2", "LOCK:s:1";
            parameter: "LOCK:s:2", "LOCK:s:1";
            part_of_it: "LOCK:s:1", "LOCK:s:2";
            field: "LOCK:s:b", "LOCK:s:a";
            field_in_quotes: "LOCK:s:b", "LOCK:s:a";
            reference: "LOCK:s:2", "LOCK:s:1";
            iterator: "LOCK:s:2", "LOCK:s:1";
            mapped: "LOCK:s:tea", "LOCK:s:mug";
            mapped_in_quotes: "LOCK:s:tea", "LOCK:s:mug";
            pairs: "LOCK:s:3:tea", "LOCK:s:3:mug";
            owned: "LOCK:s:TEA", "LOCK:s:MUG";
            filtered: "LOCK:s:1";
            list: "LOCK:s:x", "LOCK:s:8";
            list_in_quotes: "LOCK:s:x", "LOCK:s:8";
            list_of_pairs: "LOCK:s:3:x", "LOCK:s:3:8";
            range: "LOCK:s:8", "LOCK:s:9";
            one: "LOCK:s:8";
            function_by_name: "LOCK:s:B", "LOCK:s:A";
            function_by_name_in_quotes: "LOCK:s:B", "LOCK:s:A";
        }
    });
}

#[test]
fn what_keys_goes_through_stays_the_bodys() {
    super::run(async {
        assert_eq!(borrowed(&[5]).await.unwrap(), ["LOCK:s:5", "1"]);
        assert_eq!(in_an_arc([5].into()).await.unwrap(), ["LOCK:s:5"]);
        let mut ids = vec![5];
        assert_eq!(mutable(&mut ids).await.unwrap(), ["LOCK:s:5"]);
        assert!(ids.is_empty());
        assert_eq!(sets([5].into(), HashSet::new()).await.unwrap(), ["LOCK:s:5"]);
        assert_eq!(map([("tea", 2)].into()).await.unwrap(), ["LOCK:s:tea"]);
        assert_eq!(generic(["x"]).await.unwrap(), ["LOCK:s:x"]);
        assert_eq!(plain("a", 1).unwrap().len(), 2);

        let locks = LockManager::connect("memory:").await.unwrap();
        let mut hall = Hall { locks, hall: 7, taken: Vec::new() };
        assert_eq!(hall.book(&[5]).await.unwrap(), ["LOCK:seat:7:5"]);
        assert_eq!(hall.book(&[1, 2]).await.unwrap().len(), 2);
        assert_eq!(hall.look().await.unwrap(), 3);

        let error = no_body_without_keys(Vec::new()).await.unwrap_err();
        assert!(matches!(error, LockError::Key { .. }), "{error}");
    });
}
