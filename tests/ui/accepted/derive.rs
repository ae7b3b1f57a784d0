//! Types that derive `LockKeyPart`.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use lock_core::{LockError, LockKey, LockKeyPart, distributed_lock};

#[derive(LockKeyPart)]
struct OrderId(u64);

#[derive(LockKeyPart)]
struct Place<'a> {
    shop: &'a str,
    shelf: Option<u32>,
    owner: (Arc<str>, bool),
}

#[derive(LockKeyPart)]
enum Season {
    Spring,
    #[lock_key(rename = "fall")]
    Autumn,
    r#As,
}

#[derive(LockKeyPart)]
enum Slot<'a, const N: usize> {
    Nowhere,
    Shelf(u64, Season),
    Box { order: OrderId, label: Cow<'a, str> },
    Inner(Box<Self>),
}

/// A key whatever `T` is.
#[derive(LockKeyPart)]
struct Id<T> {
    id: u64,
    of: PhantomData<fn() -> T>,
}

trait Entity {
    type Id;
}

#[derive(LockKeyPart)]
struct Of<T: Entity, U>
where
    U: Clone,
{
    id: T::Id,
    same: <T as Entity>::Id,
    version: Rc<U>,
}

#[derive(LockKeyPart)]
struct Unsized<T: ?Sized>(T);

struct Shop;

impl Entity for Shop {
    type Id = u64;
}

/// In the way of what the derive writes.
mod shadowed {
    #![allow(dead_code, non_camel_case_types, nonstandard_style)]

    mod core {}
    mod std {}
    mod lock_core {}
    struct Result;
    struct KeyError;
    trait LockKeyPart {}
    fn Ok() {}
    const id: u64 = 1;

    #[derive(::lock_core::LockKeyPart)]
    #[lock_key(crate = ::lock_core)]
    pub(super) struct Global {
        pub(super) id: u64,
    }

    #[derive(::lock_core::LockKeyPart)]
    #[lock_key(crate = "crate::renamed::vendor::locks")]
    pub(super) enum Renamed {
        id,
    }
}

macro_rules! new_type {
    ($name:ident($inner:ty), $text:literal) => {
        #[derive(LockKeyPart)]
        enum $name {
            #[lock_key(rename = $text)]
            Only($inner),
        }
    };
}

new_type!(Made(u64), "made");

#[distributed_lock(prefix = "d", key = (place, slot), guard = held)]
async fn derived(place: Place<'_>, slot: Slot<'_, 2>) -> Result<String, LockError> {
    drop(slot);
    Ok(format!("{} {}", held.name(), place.shop))
}

#[distributed_lock(prefix = "d", key = "order-{order}", guard = held)]
fn glued(order: OrderId) -> Result<String, LockError> {
    Ok(format!("{} {}", held.name(), order.0))
}

#[distributed_lock(prefix = "d", key = id, guard = held)]
fn generic<T>(id: Id<T>) -> Result<String, LockError> {
    let _ = id.id;
    Ok(held.name().to_string())
}

#[test]
fn derived_types_are_keys() {
    super::run(async {
        let place = || Place { shop: "a:b", shelf: None, owner: ("x".into(), true) };
        let slot = Slot::Inner(Box::new(Slot::Box { order: OrderId(7), label: "".into() }));
        assert_eq!(derived(place(), slot).await.unwrap(), "LOCK:d:a%3Ab::x:true:Inner:Box:7:% a:b");
        let slot = Slot::Shelf(3, Season::Autumn);
        assert_eq!(derived(place(), slot).await.unwrap(), "LOCK:d:a%3Ab::x:true:Shelf:3:fall a:b");
        assert_eq!(derived(place(), Slot::Nowhere).await.unwrap(), "LOCK:d:a%3Ab::x:true:Nowhere a:b");
        assert_eq!(glued(OrderId(7)).unwrap(), "LOCK:d:order-7 7");
        assert_eq!(generic(Id { id: 8, of: PhantomData::<fn() -> Shop> }).unwrap(), "LOCK:d:8");
    });
}

#[test]
fn a_derived_type_is_the_tuple_of_its_fields() {
    assert_eq!(LockKey::of(OrderId(7)), LockKey::of(7));
    assert_eq!(LockKey::of((Season::Spring, Season::As)), LockKey::of(("Spring", "As")));
    let of = Of::<Shop, _> { id: 1, same: 2, version: Rc::new("v") };
    assert_eq!(LockKey::of(of), LockKey::of((1, 2, "v")));
    let wide: &Unsized<dyn LockKeyPart> = &Unsized(5_u64);
    assert_eq!(LockKey::of(wide), LockKey::of(5));
    assert_eq!(LockKey::of(shadowed::Global { id: 9 }), LockKey::of(9));
    assert_eq!(LockKey::of(shadowed::Renamed::id), LockKey::of("id"));
    assert_eq!(LockKey::of(Made::Only(4)), LockKey::of(("made", 4)));
}
