//! Takes one lock again and again and writes down when it held it: a process of its own, so that it can be killed.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use lock_core::{LockError, LockGuard, LockManager};
use lock_tests::{OpenHold, Recorder, now_ns};

const USAGE: &str = "\
usage: lock-taker <url> <name> <count> <hold ms> <expire ms> <wait ms> <history file> [--hold-forever]

Takes the lock <name> <count> times for <hold ms> each and appends what it held to <history file>. Prints `ready` when it
is connected, `held <token>` for each hold, and `busy` or `lost` where that happens. With --hold-forever it holds the
first one until it is killed.";

/// How often a holder looks whether it still holds.
const LOOK: Duration = Duration::from_millis(1);

struct Orders {
    url: String,
    name: String,
    count: u64,
    hold: Duration,
    expire: Duration,
    wait: Duration,
    history: PathBuf,
    forever: bool,
}

impl Orders {
    fn read(arguments: &[String]) -> Option<Self> {
        let (fixed, forever) = match arguments.split_last() {
            Some((last, fixed)) if last == "--hold-forever" => (fixed, true),
            _ => (arguments, false),
        };
        let [url, name, count, hold, expire, wait, history] = fixed else {
            return None;
        };
        let ms = |text: &String| text.parse().ok().map(Duration::from_millis);
        Some(Self {
            url: url.clone(),
            name: name.clone(),
            count: count.parse().ok()?,
            hold: ms(hold)?,
            expire: ms(expire)?,
            wait: ms(wait)?,
            history: history.into(),
            forever,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(orders) = Orders::read(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match take(&orders).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lock-taker: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn take(orders: &Orders) -> Result<(), Box<dyn std::error::Error>> {
    let who = format!("process {}", std::process::id());
    let recorder = Recorder::append(&orders.history)?;
    let locks = LockManager::connect(&orders.url).await?;
    say("ready")?;
    let mut taken = 0;
    while taken < orders.count {
        let request = locks.lock(&*orders.name).wait(orders.wait).expire(orders.expire);
        let guard = match request.acquire().await {
            Ok(guard) => guard,
            Err(LockError::Busy { .. }) => {
                say("busy")?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let hold = recorder.took(guard.name().as_str(), &who, guard.token());
        say(&format!("held {}", guard.token()))?;
        taken += 1;
        if keep(&guard, &hold, orders).await {
            guard.release().await?;
        } else {
            say("lost")?;
        }
    }
    Ok(())
}

/// Holds as long as was ordered; `false` if the hold was lost meanwhile.
async fn keep(guard: &LockGuard, hold: &OpenHold, orders: &Orders) -> bool {
    let start = now_ns();
    let end = start.saturating_add(u64::try_from(orders.hold.as_nanos()).unwrap_or(u64::MAX));
    loop {
        let now = now_ns();
        if guard.is_lost() {
            return false;
        }
        hold.valid_at(now);
        if now >= end && !orders.forever {
            return true;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A line at once: a pipe is buffered otherwise, and somebody waits for it.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
