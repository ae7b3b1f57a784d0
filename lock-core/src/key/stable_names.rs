//! Names as they have always been written: a service of the version before must find the same lock.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;

use uuid::Uuid;

use super::{LockKey, LockKeyPart, join};

fn name(part: impl LockKeyPart) -> String {
    join("LOCK", Some("p"), None, &LockKey::of(part), ":").expect("a key").to_string()
}

#[test]
fn rendering_is_stable() {
    let (reference, uuid) = (&&5, Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8));
    for (rendered, stable) in [
        (name(42_u8), "LOCK:p:42"),
        (name(-1_i128), "LOCK:p:-1"),
        (name(u128::MAX), "LOCK:p:340282366920938463463374607431768211455"),
        (name(NonZero::new(7_u16)), "LOCK:p:7"),
        (name(true), "LOCK:p:true"),
        (name('{'), "LOCK:p:%7B"),
        (name(uuid), "LOCK:p:67e55044-10b1-426f-9247-bb680e5fe0c8"),
        (name(IpAddr::from([10, 0, 0, 1])), "LOCK:p:10.0.0.1"),
        (name(Ipv6Addr::LOCALHOST), "LOCK:p:%3A%3A1"),
        (name("a b\t{x}:50%"), "LOCK:p:a%20b%09%7Bx%7D%3A50%25"),
        (name("Zürich 😀\u{200b}\u{202e}"), "LOCK:p:Zürich%20😀%E2%80%8B%E2%80%AE"),
        (name("\0\r\n"), "LOCK:p:%00%0D%0A"),
        (name(("", "x")), "LOCK:p:%:x"),
        (name((None::<u8>, "x")), "LOCK:p::x"),
        (name(("x", None::<u8>)), "LOCK:p:x"),
        (name((1, (Some("a"), ("b", 'c')))), "LOCK:p:1:a:b:c"),
        (name(Box::new(1)), "LOCK:p:1"),
        (name(Rc::<str>::from("r")), "LOCK:p:r"),
        (name(Arc::new((1, 2))), "LOCK:p:1:2"),
        (name(Cow::Borrowed("c")), "LOCK:p:c"),
        (name(reference), "LOCK:p:5"),
    ] {
        assert_eq!(rendered, stable);
    }
}

/// The hash was made by another program: the first 20 bytes of the SHA-256 of `LOCK:p:xx..x`.
#[test]
fn a_long_name_is_stable_too() {
    let head = "x".repeat(255 - "LOCK:p:%~".len() - 40);
    assert_eq!(name("x".repeat(300)), format!("LOCK:p:{head}%~5758d3b0ebe12c0fabdde44075b7d0c942f8bc52"));
}
