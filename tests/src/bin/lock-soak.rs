//! Breaks servers and clients again and again, and checks that locks hold. Started by `tests/soak`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use lock_tests::soak;

const USAGE: &str = "\
usage: lock-soak [--minutes N | --seconds N] [--seed S] [--over server,sentinel,cluster,red] [--episode SECONDS]

Takes locks of all kinds from several processes while servers, network and processes are broken by a schedule that the
seed decides, and prints what came out. Fails if anything that must not be was seen; then with the seed and the history
that shows it.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // The processes that it starts are itself.
    let ended = match &arguments[..] {
        [word, rest @ ..] if word == "client" => soak::client(rest),
        [word, path] if word == "witness" => soak::witness(Path::new(path)).map_err(Into::into),
        _ => return direct(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lock-soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn direct(arguments: &[String]) -> ExitCode {
    let orders = match soak::Orders::read(arguments) {
        Ok(orders) => orders,
        Err(wrong) => {
            eprintln!("lock-soak: {wrong}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut report = |line: &str| {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    report(&format!("soaking for {:?}, seed {}", orders.length, orders.seed));
    if soak::soak(&orders, &mut report) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
