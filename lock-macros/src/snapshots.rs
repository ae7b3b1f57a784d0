//! What the main shapes of functions and types become, formatted, in files of the folder beside this one.
//!
//! `SNAPSHOTS=overwrite cargo test -p lock-macros snapshots` writes them anew; the difference belongs into the review.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;

use crate::{attribute, derive};

/// The file's name, the attribute's arguments, the function.
const FUNCTIONS: [(&str, &str, &str); 11] = [
    (
        "async_fn",
        "prefix = \"order\", key = \"order_id\", wait = \"3s\", expire = \"30s\"",
        "pub(crate) async fn pay(order_id: u64) -> Result<Receipt, PayError> { charge(order_id).await }",
    ),
    (
        "plain_fn",
        "name = \"report\", guard = held, renew = false",
        "fn report(_: Transaction) -> io::Result<u64> { Ok(held.token()) }",
    ),
    (
        "method",
        "prefix = PREFIX, key = \"{self.shop}:sku-{sku}\", kind = \"fair\", locks = self.locks, on_lost = \"finish\"",
        "/// Documented.\n#[inline]\nasync fn sell<T: Send>(&mut self, sku: &str, (amount, _): (u64, T)) -> Result<&mut Self, LockError> \
         where T: Clone { self.left -= amount; Ok(self) }",
    ),
    (
        "returned_future",
        "name = \"load\"",
        "fn load(id: u64) -> impl Future<Output = Result<impl AsRef<[u64]>, LockError>> + Send { read(id) }",
    ),
    (
        "boxed_future",
        "prefix = \"shop\", key = id, crate = ::locks",
        "fn sell<'a>(&'a self, id: u64) -> Pin<Box<dyn Future<Output = Result<(), LockError>> + Send + 'a>> \
         { Box::pin(async move { Ok(()) }) }",
    ),
    (
        "several_listed",
        "prefix = \"account\", keys = [from, (to, 1)]",
        "async fn transfer(from: String, to: String) -> Result<(), LockError> { Ok(()) }",
    ),
    (
        "several_iterated",
        "prefix = \"stock\", keys = items.iter().map(|item| item.sku), kind = \"read\"",
        "fn count(items: &[Item]) -> Result<usize, LockError> { Ok(items.len()) }",
    ),
    (
        "fallback",
        "name = \"points\", wait = \"0s\", on_busy = Self::later",
        "async fn add(&mut self, Path(id): Path<u64>, amount: u64) -> Result<u64, LockError> { Ok(id + amount) }",
    ),
    (
        "skipped",
        "name = \"nightly\", wait = \"0s\", on_busy = \"skip\", hold_at_least = \"30s\", max_hold = \"10m\"",
        "fn nightly() { work() }",
    ),
    (
        "conditional",
        "prefix = \"order\", key_generator = ByTenant, when = amount > 100, guard = held",
        "async fn pay(order: Order, amount: u64) -> Result<(), LockError> { order.pay(held.map(|held| held.token())) }",
    ),
    (
        "rejected",
        "prefx = \"order\", key = \"order_id\", guard = held",
        "async fn pay(order_id: u64) -> Result<Receipt, PayError> { charge(order_id, held).await }",
    ),
];

/// The file's name, the type.
const TYPES: [(&str, &str); 2] = [
    ("derive_struct", "struct Place<'a, T: Entity> { shop: &'a str, of: T::Id, kind: PhantomData<T> }"),
    (
        "derive_enum",
        "#[lock_key(crate = ::locks)] enum Slot { Nowhere, #[lock_key(rename = \"shelf\")] Shelf(u64, Option<u8>) }",
    ),
];

#[test]
fn functions_become_what_is_written_down() {
    let mut different = Vec::new();
    for (name, arguments, function) in FUNCTIONS {
        let expanded = attribute::distributed_lock(arguments.parse().unwrap(), function.parse().unwrap());
        let input = format!("#[distributed_lock({arguments})]\n{}", formatted(function.parse().unwrap()));
        different.extend(compare(name, &input, expanded));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn types_become_what_is_written_down() {
    let mut different = Vec::new();
    for (name, item) in TYPES {
        let input = format!("#[derive(LockKeyPart)]\n{}", formatted(item.parse().unwrap()));
        different.extend(compare(name, &input, derive::lock_key_part(item.parse().unwrap())));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// What differs from the file, if something does.
fn compare(name: &str, input: &str, expanded: TokenStream) -> Option<String> {
    let mut text = String::new();
    for line in input.trim_end().lines() {
        writeln!(text, "// {line}").unwrap();
    }
    writeln!(text, "\n{}", formatted(expanded).trim_end()).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/snapshots/{name}.rs"));
    if std::env::var_os("SNAPSHOTS").is_some_and(|what| what == "overwrite") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        return None;
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    let place = known.lines().zip(text.lines()).position(|(known, new)| known != new);
    let place = place.unwrap_or_else(|| known.lines().count().min(text.lines().count()));
    (known != text).then(|| {
        format!(
            "{}, from line {}:\n  written down: {}\n  now:          {}",
            file.display(),
            place + 1,
            known.lines().nth(place).unwrap_or_default(),
            text.lines().nth(place).unwrap_or_default()
        )
    })
}

fn formatted(items: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(items).expect("items"))
}
