//! Slots as a server counts them.

use super::server::on_every_server_with;
use crate::backend::redis::cluster::counter_key;
use crate::name::{LockName, slot_of};

fn asked(connection: &mut redis::Connection, key: &str) -> u16 {
    redis::cmd("CLUSTER").arg("KEYSLOT").arg(key).query(connection).unwrap()
}

#[test]
fn every_key_of_a_lock_is_in_the_slot_that_the_server_says() {
    on_every_server_with(&["--cluster-enabled", "yes"], |server| {
        let mut state = 11_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let mut connection = redis::Client::open(server.unix_url()).unwrap().get_connection().unwrap();
        for _ in 0..500 {
            let length = random(60);
            let text: String = (0..length)
                .map(|_| ['a', 'Z', '7', ':', '%', '{', '}', 'é', '\u{1f512}'][random(9) as usize])
                .collect();
            assert_eq!(slot_of(&text), asked(&mut connection, &text), "{text}");
            let name = LockName::new(&format!("LOCK:{}", text.replace(['{', '}'], "%")));
            let counter = counter_key("LOCK:%fence", name.slot());
            assert_eq!(asked(&mut connection, &counter), asked(&mut connection, name.as_str()), "{name}");
        }
    });
}
