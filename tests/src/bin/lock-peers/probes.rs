//! The faults, one after the other, each on a server of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lock_tests::{Process, Server, servers};

use crate::peer::Peer;

/// Long enough for all of them: one renews half a second before the end.
const LEASE: Duration = Duration::from_millis(2_000);
/// Past this nothing more will come.
const LONG: Duration = Duration::from_secs(8);
const NAME: &str = "probe";

/// Plays them all and prints what came out.
pub(crate) async fn all<P: Peer>() {
    say(&format!("{}, lease {LEASE:?}", P::NAME));
    let row = |what: &str, came: String| say(&format!("  {what:<58} {came}"));
    row("free again after the body panicked", free_after::<P>(Ends::Panics).await);
    row("free again after its task was aborted", free_after::<P>(Ends::Aborted).await);
    row("holder told that the restarted server forgot the lock", told_after::<P>(Fault::Restart).await);
    row("holder told that its lease ended behind a stopped server", told_after::<P>(Fault::Stop).await);
    row("lock kept though one renewal was refused", told_after::<P>(Fault::OneRefusal).await);
    row("write of a holder that was frozen past its lease", frozen::<P>().await);
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn server() -> Server {
    Server::start(&servers()[0])
}

#[derive(PartialEq)]
enum Ends {
    Panics,
    Aborted,
}

/// How long another one waits.
async fn free_after<P: Peer>(ends: Ends) -> String {
    let server = server();
    let url = server.url();
    let began = std::rc::Rc::new(tokio::sync::Notify::new());
    let begins = std::rc::Rc::clone(&began);
    let panics = ends == Ends::Panics;
    let body = async move {
        begins.notify_one();
        assert!(!panics, "by intention");
        std::future::pending::<()>().await;
    };
    let task = tokio::task::spawn_local(async move {
        P::connect(&url).await.run(NAME, LEASE, body).await;
    });
    began.notified().await;
    if ends == Ends::Aborted {
        task.abort();
    }
    let _ = task.await;
    let start = Instant::now();
    let other = P::connect(&server.url()).await;
    match tokio::time::timeout(LONG, other.acquire(NAME, LEASE)).await {
        Ok(_) => format!("after {} ms", start.elapsed().as_millis()),
        Err(_) => format!("not within {LONG:?}"),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Restart,
    Stop,
    OneRefusal,
}

/// When the body is ended, or the holder told.
async fn told_after<P: Peer>(fault: Fault) -> String {
    let server = server();
    let peer = P::connect(&server.url()).await;
    let began = std::rc::Rc::new(tokio::sync::Notify::new());
    let begins = std::rc::Rc::clone(&began);
    let body = async move {
        begins.notify_one();
        tokio::time::sleep(LONG).await;
    };
    let holder = tokio::task::spawn_local(async move { peer.run(NAME, LEASE, body).await });
    began.notified().await;
    // Not at the very start of a lease.
    tokio::time::sleep(LEASE / 10).await;
    let start = Instant::now();
    match fault {
        Fault::Restart => server.restart_empty(),
        Fault::Stop => server.pause(),
        Fault::OneRefusal => {
            // From 60 % to 82 % of the lease: each of them wants to renew once within.
            tokio::time::sleep(LEASE / 2).await;
            server.must(&["ACL", "SETUSER", "default", "-eval", "-evalsha"]);
            tokio::time::sleep(LEASE * 22 / 100).await;
            server.must(&["ACL", "SETUSER", "default", "+eval", "+evalsha"]);
        }
    }
    let told = tokio::time::timeout(LONG - LEASE, holder).await;
    let took = start.elapsed().as_millis();
    if fault == Fault::Stop {
        server.resume();
    }
    match told {
        Ok(Ok(false)) => format!("told after {took} ms"),
        Ok(Ok(true)) => "the body ended as if nothing had been".to_owned(),
        Ok(Err(_)) => "the holder panicked".to_owned(),
        Err(_) if fault == Fault::OneRefusal => "kept".to_owned(),
        Err(_) => format!("not told within {:?}", LONG - LEASE),
    }
}

/// Whether a resource that looks at tokens can refuse it.
async fn frozen<P: Peer>() -> String {
    let server = server();
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["frozen", P::NAME, &server.url()]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Process::start(&mut command);
    let mut said = BufReader::new(process.child().stdout.take().expect("it is piped")).lines();
    let mut line = || said.next().and_then(Result::ok).unwrap_or_default();
    if line() != "holds" {
        return "could not be tried".to_owned();
    }
    process.pause();
    let next = P::connect(&server.url()).await.acquire(NAME, LEASE).await;
    process.resume();
    let wrote: Option<u64> = line().parse().ok();
    match (wrote, P::token(&next)) {
        (Some(old), Some(new)) if old < new => "refused by its token".to_owned(),
        (None, None) => "accepted: there is no token to refuse it by".to_owned(),
        strange => format!("accepted: {strange:?}"),
    }
}

/// The other side of [`frozen`]: holds, is stopped, and writes when it wakes.
pub(crate) async fn be_frozen<P: Peer>(url: &str) {
    let hold = P::connect(url).await.acquire(NAME, LEASE).await;
    say("holds");
    // It is stopped within this.
    std::thread::sleep(Duration::from_millis(300));
    match P::token(&hold) {
        Some(token) => say(&token.to_string()),
        None => say("none"),
    }
}
