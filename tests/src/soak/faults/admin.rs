//! What an operator does to a server, and what befalls its memory and its disk.

use super::{EVERYWHERE, Fault, Harm, Strike, Undo, done, sleep_ms, tell};
use crate::soak::scene::{On, Scene, any};
use crate::{Seed, Server};

const fn everywhere(name: &'static str, harm: Harm, lasts: (u64, u64), strike: Strike) -> Fault {
    Fault::in_place(name, EVERYWHERE, harm, lasts, strike)
}

pub(super) const FAULTS: &[Fault] = &[
    everywhere("CLIENT KILL of commands", Harm::Nothing, (0, 0), kill_normal),
    everywhere("CLIENT KILL of subscriptions", Harm::Nothing, (0, 0), kill_subscriptions),
    everywhere("CLIENT KILL again and again", Harm::Lease, (0, 0), kill_again),
    everywhere("CLIENT PAUSE ALL", Harm::Lease, (0, 0), pause_all),
    everywhere("CLIENT PAUSE WRITE", Harm::Lease, (0, 0), pause_writes),
    everywhere("DEBUG SLEEP", Harm::Lease, (0, 0), debug_sleep),
    everywhere("SCRIPT FLUSH again and again", Harm::Nothing, (0, 0), flush_scripts),
    everywhere("a script that keeps the server busy", Harm::Lease, (0, 0), busy_script),
    Fault::in_place("FLUSHALL", &[On::Server, On::Sentinel, On::Cluster], Harm::DataLoss, (0, 0), flush_all),
    // Whoever was forgotten there is told; nobody else gets the lock before the forgotten leases are over.
    Fault::in_place("FLUSHALL of a red master", &[On::Red], Harm::Lease, (0, 0), flush_all),
    everywhere("one lock deleted", Harm::DataLoss, (0, 0), delete_one),
    everywhere("out of memory", Harm::Nothing, (200, 800), out_of_memory),
    everywhere("PUBLISH forbidden", Harm::Nothing, (200, 800), forbid_publish),
    everywhere("scripts forbidden", Harm::Lease, (100, 600), forbid_scripts),
    everywhere("too few replicas to write", Harm::Lease, (100, 600), few_replicas),
    Fault::in_place("disk full: MISCONF", &[On::Server, On::Red], Harm::Lease, (200, 600), misconf),
];

fn kill_normal<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    tell(scene.master(seed), &["CLIENT", "KILL", "TYPE", "normal"]);
    done()
}

fn kill_subscriptions<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    tell(scene.master(seed), &["CLIENT", "KILL", "TYPE", "pubsub"]);
    done()
}

fn kill_again<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    for _ in 0..10 {
        for which in ["normal", "pubsub"] {
            tell(server, &["CLIENT", "KILL", "TYPE", which]);
        }
        sleep_ms(20 + seed.below(60));
    }
    done()
}

fn pause_all<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    pause(scene.master(seed), "ALL", 50 + seed.below(700))
}

fn pause_writes<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    pause(scene.master(seed), "WRITE", 50 + seed.below(700))
}

/// The server ends it by itself: while it lasts it would not listen.
fn pause(server: &Server, which: &str, ms: u64) -> Undo<'static> {
    tell(server, &["CLIENT", "PAUSE", &ms.to_string(), which]);
    sleep_ms(ms);
    done()
}

fn debug_sleep<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let ms = 50 + seed.below(650);
    tell(scene.master(seed), &["DEBUG", "SLEEP", &format!("0.{ms:03}")]);
    done()
}

fn flush_scripts<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    for _ in 0..40 {
        tell(server, &["SCRIPT", "FLUSH"]);
        sleep_ms(seed.below(20));
    }
    done()
}

fn busy_script<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    // `lua-time-limit` is the name that old and new servers know.
    let server = scene.master(seed);
    tell(server, &["CONFIG", "SET", "lua-time-limit", "50"]);
    let ms = 100 + seed.below(500);
    std::thread::scope(|scope| {
        scope.spawn(|| tell(server, &["EVAL", "while true do end", "0"]));
        sleep_ms(ms);
        tell(server, &["SCRIPT", "KILL"]);
    });
    done()
}

fn flush_all<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    tell(scene.master(seed), &["FLUSHALL"]);
    done()
}

fn delete_one<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let name = format!("LOCK:{}", any(seed, &["a", "b", "c"]));
    // Wherever it is: of a cluster, and of a replicated server, one accepts it.
    scene.servers().into_iter().for_each(|server| tell(server, &["DEL", &name]));
    done()
}

fn out_of_memory<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    set(scene.master(seed), "maxmemory", "1", "0")
}

fn few_replicas<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    set(scene.master(seed), "min-replicas-to-write", "3", "0")
}

fn set<'a>(server: &'a Server, what: &'static str, ill: &str, well: &'static str) -> Undo<'a> {
    server.must(&["CONFIG", "SET", what, ill]);
    Box::new(move || drop(server.must(&["CONFIG", "SET", what, well])))
}

fn forbid_publish<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    forbid(scene.master(seed), &["-publish"], &["+publish"])
}

fn forbid_scripts<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    forbid(scene.master(seed), &["-evalsha", "-eval"], &["+evalsha", "+eval"])
}

fn forbid<'a>(server: &'a Server, take: &[&str], give: &'static [&'static str]) -> Undo<'a> {
    server.must(&[&["ACL", "SETUSER", "default"], take].concat());
    Box::new(move || drop(server.must(&[&["ACL", "SETUSER", "default"], give].concat())))
}

/// A snapshot that can't be written, and a server that therefore refuses to write at all.
fn misconf<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    let blocked = server.folder().join("dump.rdb");
    let _ = std::fs::remove_file(&blocked);
    std::fs::create_dir_all(blocked.join("in-the-way")).expect("a scratch folder can be written");
    server.must(&["CONFIG", "SET", "save", "3600 1000000"]);
    tell(server, &["BGSAVE"]);
    Box::new(move || {
        server.must(&["CONFIG", "SET", "save", ""]);
        let _ = std::fs::remove_dir_all(&blocked);
    })
}
