//! How long to soak, and over what.

use std::time::Duration;

use super::scene::On;

/// How long to soak, and over what.
#[derive(Clone, Debug)]
pub struct Orders {
    /// For about so long.
    pub length: Duration,
    /// The schedule is drawn from it.
    pub seed: u64,
    pub(super) over: Vec<On>,
    /// For this long faults strike before each look at the history.
    pub(super) episode: Duration,
}

impl Orders {
    /// What the command line says: `--minutes N`, `--seconds N`, `--seed S`, `--over server,sentinel,cluster,red`,
    /// `--episode SECONDS`.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn read(arguments: &[String]) -> Result<Self, String> {
        let mut orders = Self {
            length: Duration::from_secs(120),
            seed: crate::now_ns(),
            over: On::ALL.to_vec(),
            episode: Duration::from_secs(30),
        };
        let mut arguments = arguments.iter();
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{option} wants a value"))?;
            let number =
                || value.parse::<u64>().map_err(|_| format!("{option} wants a number, not `{value}`"));
            match option.as_str() {
                "--minutes" => orders.length = Duration::from_secs(60 * number()?),
                "--seconds" => orders.length = Duration::from_secs(number()?),
                "--episode" => orders.episode = Duration::from_secs(number()?),
                "--seed" => orders.seed = number()?,
                "--over" => orders.over = value.split(',').map(On::of).collect::<Result<_, _>>()?,
                _ => {
                    let known = "--minutes, --seconds, --seed, --over, --episode";
                    return Err(format!("unknown option {option}; there are {known}"));
                }
            }
        }
        Ok(orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Orders, String> {
        Orders::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn orders_are_read() {
        let orders = read("--minutes 2 --seed 7 --over red,server").unwrap();
        assert_eq!((orders.length, orders.seed), (Duration::from_secs(120), 7));
        assert_eq!(orders.over, [On::Red, On::Server]);
    }

    #[test]
    fn wrong_orders_say_what_to_write() {
        for (line, says) in [
            ("--minutes", "wants a value"),
            ("--minutes x", "wants a number"),
            ("--hours 1", "--minutes"),
            ("--over moon", "server"),
        ] {
            assert!(read(line).unwrap_err().contains(says), "{line}");
        }
    }
}
