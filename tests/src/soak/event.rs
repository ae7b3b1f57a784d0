//! One line of a client's history.

/// What happened, to whom, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at_ns: u64,
    /// `process/attempt`, or the process alone.
    pub(super) who: String,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Somebody wants a lock, and to keep it for so long at least. It was not asked for before this moment.
    Asked { kind: String, names: Vec<String>, wait_ns: u64, least_ns: u64, renews: bool },
    /// Acquiring returned.
    Granted { until_ns: u64, tokens: Vec<(String, u64)> },
    /// A renewal was seen: the lock is valid until then.
    Valid { until_ns: u64 },
    /// The loss was announced.
    Lost,
    /// The end of the hold begins: a release is asked for, or the guard is dropped next.
    Release,
    /// What the release returned.
    Answered { outcome: String },
    /// Acquiring failed, or its future was dropped.
    GaveUp { class: String },
    /// It goes on from a hold as a writer.
    Downgrades { from: String },
    /// The fenced register refused a write.
    Fenced,
    /// Something that the client did to itself.
    Deed { name: String },
    /// The process did not run for so long.
    Starved { for_ns: u64 },
    /// The tasks of the process did not run for so long, its other threads did.
    Blocked { for_ns: u64 },
    /// The process could still acquire when all was calm, and what it left when it was shut down.
    Ended { acquires: String, clean: bool },
}

impl Event {
    pub(super) fn to_line(&self) -> String {
        let (word, rest) = match &self.what {
            What::Asked { kind, names, wait_ns, least_ns, renews } => {
                ("asked", format!("\t{kind}\t{}\t{wait_ns}\t{least_ns}\t{renews}", names.join(",")))
            }
            What::Granted { until_ns, tokens } => {
                let tokens: Vec<String> =
                    tokens.iter().map(|(name, token)| format!("{name}={token}")).collect();
                ("granted", format!("\t{until_ns}\t{}", tokens.join(",")))
            }
            What::Valid { until_ns } => ("valid", format!("\t{until_ns}")),
            What::Lost => ("lost", String::new()),
            What::Release => ("release", String::new()),
            What::Answered { outcome } => ("answered", format!("\t{outcome}")),
            What::GaveUp { class } => ("gave-up", format!("\t{class}")),
            What::Downgrades { from } => ("downgrades", format!("\t{from}")),
            What::Fenced => ("fenced", String::new()),
            What::Deed { name } => ("deed", format!("\t{name}")),
            What::Starved { for_ns } => ("starved", format!("\t{for_ns}")),
            What::Blocked { for_ns } => ("blocked", format!("\t{for_ns}")),
            What::Ended { acquires, clean } => ("ended", format!("\t{acquires}\t{clean}")),
        };
        format!("{}\t{}\t{word}{rest}\n", self.at_ns, self.who)
    }

    /// The event of a whole line; `None` if it is none.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.strip_suffix('\n')?.split('\t').collect();
        let [at, who, word, rest @ ..] = &fields[..] else { return None };
        let what = match (*word, rest) {
            ("asked", [kind, names, wait, least, renews]) => What::Asked {
                kind: (*kind).to_owned(),
                names: names.split(',').map(str::to_owned).collect(),
                wait_ns: wait.parse().ok()?,
                least_ns: least.parse().ok()?,
                renews: renews.parse().ok()?,
            },
            ("granted", [until, tokens]) => {
                let token = |text: &str| {
                    let (name, token) = text.rsplit_once('=')?;
                    Some((name.to_owned(), token.parse().ok()?))
                };
                let tokens = tokens.split(',').map(token).collect::<Option<_>>()?;
                What::Granted { until_ns: until.parse().ok()?, tokens }
            }
            ("valid", [until]) => What::Valid { until_ns: until.parse().ok()? },
            ("lost", []) => What::Lost,
            ("release", []) => What::Release,
            ("answered", [outcome]) => What::Answered { outcome: (*outcome).to_owned() },
            ("gave-up", [class]) => What::GaveUp { class: (*class).to_owned() },
            ("downgrades", [from]) => What::Downgrades { from: (*from).to_owned() },
            ("fenced", []) => What::Fenced,
            ("deed", [name]) => What::Deed { name: (*name).to_owned() },
            ("starved", [time]) => What::Starved { for_ns: time.parse().ok()? },
            ("blocked", [time]) => What::Blocked { for_ns: time.parse().ok()? },
            ("ended", [acquires, clean]) => {
                What::Ended { acquires: (*acquires).to_owned(), clean: clean.parse().ok()? }
            }
            _ => return None,
        };
        Some(Self { at_ns: at.parse().ok()?, who: (*who).to_owned(), what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_read_back_as_it_was_written() {
        let name = "LOCK:a".to_owned();
        for what in [
            What::Asked {
                kind: "multi".to_owned(),
                names: vec![name.clone(), "b".to_owned()],
                wait_ns: 3,
                least_ns: 4,
                renews: true,
            },
            What::Granted { until_ns: 9, tokens: vec![(name, u64::MAX), ("b".to_owned(), 1)] },
            What::Valid { until_ns: 7 },
            What::Lost,
            What::Release,
            What::Answered { outcome: "freed".to_owned() },
            What::GaveUp { class: "busy".to_owned() },
            What::Downgrades { from: "p1/1".to_owned() },
            What::Fenced,
            What::Deed { name: "panic".to_owned() },
            What::Starved { for_ns: 5 },
            What::Blocked { for_ns: 6 },
            What::Ended { acquires: "yes".to_owned(), clean: false },
        ] {
            let event = Event { at_ns: 1, who: "p1/2".to_owned(), what };
            assert_eq!(Event::of_line(&event.to_line()), Some(event));
        }
    }

    #[test]
    fn what_was_not_finished_is_no_event() {
        for line in ["", "1\tp\tlost", "1\tp\tgranted\t5\tLOCK:a\n", "x\tp\tlost\n", "1\tp\tfound\n"] {
            assert_eq!(Event::of_line(line), None, "{line:?}");
        }
    }
}
