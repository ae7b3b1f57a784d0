//! What became of one customer; one line of text between processes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What became of one customer.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) replica: String,
    pub(crate) item: String,
    pub(crate) waited: Duration,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Sold; the replica believes that `left` are left.
    Sold { left: u32, token: Option<u64> },
    /// There was none left.
    TurnedAway,
    /// It could not be tried.
    Failed(String),
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replica, item, .. } = self;
        write!(f, "{replica}\t{item}\t{}\t", self.waited.as_micros())?;
        match &self.outcome {
            Outcome::Sold { left, token: None } => write!(f, "sold\t{left}"),
            Outcome::Sold { left, token: Some(token) } => write!(f, "sold\t{left}\t{token}"),
            Outcome::TurnedAway => f.write_str("turned away"),
            Outcome::Failed(why) => write!(f, "failed\t{}", why.replace(['\t', '\n'], " ")),
        }
    }
}

impl FromStr for Record {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let fields: Vec<_> = line.split('\t').collect();
        let wrong = || format!("a replica wrote `{line}`");
        let [replica, item, waited, outcome @ ..] = fields.as_slice() else {
            return Err(wrong());
        };
        let outcome = match outcome {
            ["sold", left] => Outcome::Sold { left: left.parse().map_err(|_| wrong())?, token: None },
            ["sold", left, token] => Outcome::Sold {
                left: left.parse().map_err(|_| wrong())?,
                token: Some(token.parse().map_err(|_| wrong())?),
            },
            ["turned away"] => Outcome::TurnedAway,
            ["failed", why] => Outcome::Failed((*why).to_owned()),
            _ => return Err(wrong()),
        };
        Ok(Self {
            replica: (*replica).to_owned(),
            item: (*item).to_owned(),
            waited: Duration::from_micros(waited.parse().map_err(|_| wrong())?),
            outcome,
        })
    }
}
