//! What one sentinel says about the master.

use std::collections::HashMap;

use ::redis::{Pipeline, Value};

use super::super::connection::no_error;

/// A host and a port.
pub(super) type Address = (String, u16);

/// A sentinel's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) address: Address,
    /// The number of the failover that made it the master: each has a higher one than all before it.
    pub(super) epoch: u64,
    /// How many sentinels watch this master, as far as this one knows.
    pub(super) sentinels: usize,
}

/// The question: the address, the epoch, and the address once more.
///
/// What could go wrong: a failover between two answers pairs the old address with the new epoch, and that would be
/// believed over everything true that follows. It can't: then the two addresses differ, and the answer counts for nothing.
pub(super) fn question(name: &str) -> Pipeline {
    let mut question = ::redis::pipe();
    for what in ["GET-MASTER-ADDR-BY-NAME", "MASTER", "GET-MASTER-ADDR-BY-NAME"] {
        question.cmd("SENTINEL").arg(what).arg(name);
    }
    question
}

/// How many answers a [`question`] has.
pub(super) const ANSWERS: usize = 3;

/// Reads the answers; or says, for people, what is wrong with them.
pub(super) fn read(answers: Vec<Value>) -> Result<Told, String> {
    if answers.first() == Some(&Value::Nil) {
        return Err("it knows no master of this name".to_owned());
    }
    let answers: Vec<Value> =
        answers.into_iter().map(no_error).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let [before, details, after] = <[Value; ANSWERS]>::try_from(answers).map_err(|_| strange())?;
    let (before, after) = (address(&before)?, address(&after)?);
    if before != after {
        return Err("it is just changing the master".to_owned());
    }
    let details: HashMap<String, String> = ::redis::from_redis_value_ref(&details).map_err(|_| strange())?;
    let number = |field: &str| details.get(field).and_then(|text| text.parse::<u64>().ok());
    let epoch = number("config-epoch").ok_or_else(strange)?;
    let others = number("num-other-sentinels").unwrap_or(0);
    let sentinels = usize::try_from(others).unwrap_or(usize::MAX).saturating_add(1);
    Ok(Told { address: after, epoch, sentinels })
}

fn address(value: &Value) -> Result<Address, String> {
    let (host, port): (String, String) = ::redis::from_redis_value_ref(value).map_err(|_| strange())?;
    let port = port.parse().map_err(|_| strange())?;
    Ok((host, port))
}

fn strange() -> String {
    "it answers something else than a sentinel would".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Value {
        Value::Array(texts.iter().map(|text| Value::BulkString(text.as_bytes().to_vec())).collect())
    }

    #[test]
    fn an_answer_counts_only_if_nothing_changed_within_it() {
        let (old, new) = (texts(&["127.0.0.1", "1"]), texts(&["127.0.0.1", "2"]));
        let details = texts(&["name", "m", "config-epoch", "7", "num-other-sentinels", "2"]);
        let told = read(vec![new.clone(), details.clone(), new.clone()]).unwrap();
        assert_eq!(told, Told { address: ("127.0.0.1".into(), 2), epoch: 7, sentinels: 3 });
        assert!(read(vec![old, details, new]).unwrap_err().contains("changing"));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let at = texts(&["h", "1"]);
        assert!(
            read(vec![Value::Nil, Value::Okay, Value::Nil]).unwrap_err().contains("no master of this name")
        );
        for answers in [
            vec![],
            vec![at.clone(), texts(&["name", "m"]), at.clone()],
            vec![texts(&["h", "port"]), texts(&["config-epoch", "1"]), at.clone()],
            vec![Value::Okay, at.clone(), at],
        ] {
            assert!(read(answers).unwrap_err().contains("something else"));
        }
    }
}
