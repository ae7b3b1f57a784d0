//! Takes locks again and again and writes down when it held them: a process of its own, so that it can be killed.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use lock_core::{LockError, LockGuard, LockKind, LockManager, LockRequest};
use lock_tests::{OpenHold, Recorder, now_ns};

const USAGE: &str = "\
usage: lock-taker <url> <names> <count> <hold ms> <expire ms> <wait ms> <history file> [--kind <kind>] [--hold-forever] [--drop main|thread]

Takes the lock <names>, or several together if they are separated by commas, <count> times for <hold ms> each and appends
what it held to <history file>. <kind> is reentrant, fair, read, write or red; for red, <url> is those of all masters,
separated by commas. Prints `ready` when it is connected, `held` with the tokens for each hold, and `busy` or `lost` where
that happens. With --hold-forever it holds the first one until it is killed. With --drop the last one is not released but
dropped, there, and the process ends at once.";

/// How often a holder looks whether it still holds.
const LOOK: Duration = Duration::from_millis(1);

struct Orders {
    /// Of all masters, separated by commas, for red locks.
    url: String,
    names: Vec<String>,
    kind: Option<LockKind>,
    count: u64,
    hold: Duration,
    expire: Duration,
    wait: Duration,
    history: PathBuf,
    forever: bool,
    drops: Option<Where>,
}

/// Where the last guard is dropped.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    Main,
    Thread,
}

impl Orders {
    fn read(arguments: &[String]) -> Option<Self> {
        let [url, names, count, hold, expire, wait, history, options @ ..] = arguments else {
            return None;
        };
        let (mut kind, mut forever, mut drops) = (None, false, None);
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match option.as_str() {
                "--hold-forever" => forever = true,
                "--drop" => {
                    drops = Some(match options.next()?.as_str() {
                        "main" => Where::Main,
                        "thread" => Where::Thread,
                        _ => return None,
                    });
                }
                "--kind" => kind = Some(kind_of(options.next()?)?),
                _ => return None,
            }
        }
        let ms = |text: &String| text.parse().ok().map(Duration::from_millis);
        Some(Self {
            url: url.clone(),
            names: names.split(',').map(str::to_owned).collect(),
            kind,
            count: count.parse().ok()?,
            hold: ms(hold)?,
            expire: ms(expire)?,
            wait: ms(wait)?,
            history: history.into(),
            forever,
            drops,
        })
    }

    async fn connect(&self) -> Result<LockManager, LockError> {
        if self.kind != Some(LockKind::Red) {
            return LockManager::connect(&self.url).await;
        }
        // No test restarts the masters of a process.
        LockManager::builder().red_masters(self.url.split(',')).red_masters_keep_data().connect().await
    }

    fn request(&self, locks: &LockManager) -> LockRequest {
        let names = self.names.iter().map(String::as_str);
        let request = match &*self.names {
            [name] => locks.lock(&**name),
            _ => locks.lock_all(names),
        };
        let request = request.wait(self.wait).expire(self.expire);
        match self.kind {
            Some(kind) => request.kind(kind),
            None => request,
        }
    }
}

fn kind_of(text: &str) -> Option<LockKind> {
    Some(match text {
        "reentrant" => LockKind::Reentrant,
        "fair" => LockKind::Fair,
        "read" => LockKind::Read,
        "write" => LockKind::Write,
        "red" => LockKind::Red,
        _ => return None,
    })
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
    let recorder = Recorder::append(&orders.history)?;
    let locks = orders.connect().await?;
    say("ready")?;
    let mut taken = 0;
    while taken < orders.count {
        let guard = match orders.request(&locks).acquire().await {
            Ok(guard) => guard,
            Err(LockError::Busy { .. }) => {
                say("busy")?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let who = format!("process {}/{taken}", std::process::id());
        let holds: Vec<OpenHold> = guard
            .tokens()
            .iter()
            .map(|(name, token)| match orders.kind {
                Some(LockKind::Read) => recorder.shares(name.as_str(), &who, *token),
                _ => recorder.took(name.as_str(), &who, *token),
            })
            .collect();
        let tokens: Vec<String> = guard.tokens().iter().map(|(_, token)| token.to_string()).collect();
        say(&format!("held {}", tokens.join(" ")))?;
        taken += 1;
        let held = keep(&guard, &holds, orders).await;
        if held
            && taken == orders.count
            && let Some(place) = orders.drops
        {
            match place {
                Where::Main => drop(guard),
                Where::Thread => std::thread::spawn(move || drop(guard)).join().expect("no panic"),
            }
        } else if held {
            guard.release().await?;
        } else {
            say("lost")?;
        }
    }
    Ok(())
}

/// Holds as long as was ordered; `false` if the hold was lost meanwhile.
async fn keep(guard: &LockGuard, holds: &[OpenHold], orders: &Orders) -> bool {
    let start = now_ns();
    let end = start.saturating_add(u64::try_from(orders.hold.as_nanos()).unwrap_or(u64::MAX));
    loop {
        let now = now_ns();
        if guard.is_lost() {
            return false;
        }
        holds.iter().for_each(|hold| hold.valid_at(now));
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
