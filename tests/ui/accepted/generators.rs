//! Every form of `key_generator`, and what its join point shows of arguments of every kind.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use lock_core::{
    Arg, Held, JoinPoint, KeyError, LockError, LockKey, LockKeyGenerator, LockKeyPart, LockManager,
    distributed_lock,
};

struct Region(&'static str);

impl LockKeyGenerator for Region {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        call.key_behind(self.0)
    }
}

/// A lock for each word of the argument `words`.
struct EachWord;

impl LockKeyGenerator for EachWord {
    fn lock_key(&self, _: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        Err(KeyError::custom("it makes several keys"))
    }

    fn lock_keys(&self, call: &JoinPoint<'_>) -> Result<Vec<LockKey>, KeyError> {
        let words = call.arg("words").and_then(|words| words.text()).unwrap_or_default();
        words.split_whitespace().map(LockKey::try_of).collect()
    }
}

static REGION: Region = Region("static");
static SHARED: LazyLock<Arc<dyn LockKeyGenerator + Send + Sync>> =
    LazyLock::new(|| Arc::new(Region("shared")));

fn a_box() -> Box<dyn LockKeyGenerator> {
    Box::new(Region("eu"))
}

fn by_function(call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
    LockKey::try_of((call.module_path(), call.function()))
}

fn names(held: &Held) -> String {
    held.names().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

macro_rules! generator_cases {
    ($($name:ident: $generator:expr;)*) => {$(
        #[distributed_lock(prefix = "g", key = "id", key_generator = $generator, guard = held)]
        async fn $name(id: u64) -> Result<String, LockError> {
            Ok(names(&held))
        }
    )*};
}

generator_cases! {
    value: Region("eu");
    reference: &Region("eu");
    a_static: REGION;
    a_shared_object: SHARED;
    boxed: a_box();
    function: by_function;
    closure: |call| call.key_behind("closure");
    typed_closure: |call: &JoinPoint<'_>| Ok(call.key().cloned().unwrap_or_default());
    several: EachWord;
}

struct Order {
    tenant: String,
    id: u64,
}

/// A closure sees the parameters with their types.
#[distributed_lock(prefix = "g", key_generator = |_| LockKey::try_of((&order.tenant, order.id)), guard = held)]
async fn borrowing(order: Order) -> Result<String, LockError> {
    drop(order);
    Ok(names(&held))
}

#[distributed_lock(key_generator = EachWord, guard = held)]
fn alone(words: &str) -> Result<String, LockError> {
    assert!(!words.is_empty());
    Ok(names(&held))
}

struct Service {
    region: Region,
}

impl Service {
    #[distributed_lock(prefix = "g", key_generator = self.region, guard = held)]
    async fn method(&mut self) -> Result<String, LockError> {
        Ok(names(&held))
    }
}

/// What a join point says of the place of the call.
fn place(call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
    let place = (call.module_path(), call.function(), call.prefix(), call.name(), call.key().is_some());
    PLACES.with_borrow_mut(|places| places.push(format!("{place:?}")));
    call.key_behind("p")
}

thread_local! {
    static PLACES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[distributed_lock(prefix = "pre", name = "fix", key = id, key_generator = place)]
async fn placed(id: u64) -> Result<u64, LockError> {
    Ok(id)
}

mod inner {
    use super::{LockError, distributed_lock, place};

    #[distributed_lock(name = "only-name", key_generator = place)]
    pub(super) fn placed_in_a_module() -> Result<u64, LockError> {
        Ok(2)
    }
}

struct Refusing;

impl LockKeyGenerator for Refusing {
    fn lock_key(&self, _: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        Err(KeyError::custom("no tenant"))
    }
}

#[distributed_lock(prefix = "g", key_generator = Refusing)]
async fn refused(ran: &Cell<bool>) -> Result<(), LockError> {
    ran.set(true);
    Ok(())
}

#[distributed_lock(prefix = "g", key_generator = |_| Err(KeyError::custom("no tenant")), on_busy = "skip")]
fn plain_refused(ran: &Cell<bool>) -> Result<(), LockError> {
    ran.set(true);
    Ok(())
}

/// What a generator can read, by the manager's generator, which sees all calls.
fn seen(call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
    let shown = |arg: &Arg<'_>| format!("{}={}", arg.name(), arg.text().unwrap_or_else(|| "?".to_owned()));
    LockKey::try_of(call.args().iter().map(shown).collect::<Vec<_>>().join(" "))
}

/// Has a method of the name that the macro might use.
struct Named;

impl Named {
    #[allow(dead_code)]
    fn arg(&self, _: &str) -> u64 {
        1
    }
}

#[allow(clippy::too_many_arguments)]
#[distributed_lock(name = "g", guard = held)]
async fn arguments<T: Debug, P: LockKeyPart>(
    id: u64,
    text: &str,
    cow: Cow<'_, str>,
    option: Option<u64>,
    order: &Order,
    bytes: &[u8],
    shown: &(dyn Debug + Sync),
    cell: Cell<u64>,
    closure: impl Fn() -> u64,
    unbounded: T,
    bounded: P,
    hidden: impl LockKeyPart,
    named: Named,
    (left, _): (char, bool),
    r#type: bool,
    #[cfg(not(test))] absent: u64,
) -> Result<String, LockError> {
    drop((id, cell.get(), closure(), cow, option, named, left, r#type));
    drop((text, order, bytes, shown, unbounded, bounded, hidden));
    tokio::task::yield_now().await;
    Ok(names(&held))
}

struct Cart {
    shop: u64,
    lines: Vec<u64>,
}

#[distributed_lock(prefix = "g", keys = cart.lines.iter().map(|line| (cart.shop, line)), guard = held)]
async fn keys(id: u64, cart: Cart) -> Result<String, LockError> {
    assert_eq!(id, 1);
    drop(cart);
    Ok(names(&held))
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn every_generator_makes_its_key() {
    super::run(async {
        assert_eq!(value(7).await.unwrap(), "LOCK:g:eu:7");
        assert_eq!(reference(7).await.unwrap(), "LOCK:g:eu:7");
        assert_eq!(a_static(7).await.unwrap(), "LOCK:g:static:7");
        assert_eq!(a_shared_object(7).await.unwrap(), "LOCK:g:shared:7");
        assert_eq!(boxed(7).await.unwrap(), "LOCK:g:eu:7");
        assert!(function(7).await.unwrap().ends_with("generators:function"));
        assert_eq!(closure(7).await.unwrap(), "LOCK:g:closure:7");
        assert_eq!(typed_closure(7).await.unwrap(), "LOCK:g:7");
        assert!(matches!(several(7).await, Err(LockError::Key { .. })), "no words, no keys");
        let order = Order { tenant: "acme".to_owned(), id: 7 };
        assert_eq!(borrowing(order).await.unwrap(), "LOCK:g:acme:7");
        assert_eq!(alone("one").unwrap(), "LOCK:one");
        let mut two: Vec<_> = alone("one two").unwrap().split(' ').map(str::to_owned).collect();
        two.sort();
        assert_eq!(two, ["LOCK:one", "LOCK:two"]);
        assert_eq!(Service { region: Region("eu") }.method().await.unwrap(), "LOCK:g:eu");
    });
}

#[test]
fn a_join_point_says_where_the_call_is() {
    super::run(async {
        assert_eq!(placed(1).await.unwrap() + inner::placed_in_a_module().unwrap(), 3);
    });
    let here = module_path!();
    assert_eq!(
        PLACES.take(),
        [
            format!("({here:?}, \"placed\", Some(\"pre\"), Some(\"fix\"), true)"),
            format!("(\"{here}::inner\", \"placed_in_a_module\", None, Some(\"only-name\"), false)"),
        ]
    );
}

#[test]
fn the_body_does_not_run_when_its_generator_makes_no_key() {
    super::run(async {
        let ran = Cell::new(false);
        for refused in [refused(&ran).await, plain_refused(&ran)] {
            let Err(LockError::Key { error, .. }) = refused else { panic!("{refused:?}") };
            assert_eq!(error, KeyError::custom("no tenant"));
        }
        assert!(!ran.get());
    });
}

#[test]
fn arguments_are_readable_where_their_type_allows_it() {
    super::run(async {
        let locks = LockManager::builder().url("memory:").key_generator(seen).connect().await.unwrap();
        let order = Order { tenant: "acme".to_owned(), id: 7 };
        let cow = Cow::Borrowed("c");
        let call = arguments(
            1,
            "t",
            cow,
            None,
            &order,
            b"b",
            &'d',
            Cell::new(1),
            || 1,
            2_u64,
            3,
            "h",
            Named,
            ('l', true),
            true,
        );
        let name = locks.scope(is_send(call)).await.unwrap();
        assert_eq!(
            name.replace("%20", " "),
            "LOCK:g:id=1 text=t cow=c option=? order=? bytes=? shown=? cell=? closure=? unbounded=? bounded=3 hidden=h \
             named=? left=l type=true"
        );
        let cart = Cart { shop: 3, lines: vec![4, 5] };
        let name = locks.scope(keys(1, cart)).await.unwrap();
        assert_eq!(name.replace("%20", " "), "LOCK:g:id=1 cart=?", "asked for each, it answered the same");
    });
}
