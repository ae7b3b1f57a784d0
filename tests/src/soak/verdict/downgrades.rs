//! Writers that go on as readers: nobody is let in between.

use std::collections::BTreeMap;

use super::{Attempt, History, Wrong};
use crate::soak::faults::Harm;

pub(super) fn judge(history: &History) -> Vec<Wrong> {
    let known: BTreeMap<&str, &Attempt> =
        history.attempts.iter().map(|attempt| (&*attempt.who, attempt)).collect();
    let mut wrong = Vec::new();
    for reader in &history.attempts {
        let Some(writer) = reader.from.as_ref().and_then(|from| known.get(&**from)) else { continue };
        let (Some((name, first)), Some((_, then))) = (writer.tokens.first(), reader.tokens.first()) else {
            continue;
        };
        let alone = history.attempts.iter().filter(|other| !other.reads());
        let between = alone.filter(|other| {
            other.tokens.iter().any(|(of, token)| of == name && (first + 1..*then).contains(token))
        });
        for other in between {
            // Tokens tell it, whatever the timing was; what was forgotten, or drawn by a wrong clock, tells nothing.
            if !history.forgot(writer.asked_ns, other.granted_ns.unwrap_or(0), Harm::DataLoss) {
                let text = history.story(&[&writer.who, &other.who, &reader.who]);
                wrong.push(Wrong { what: "somebody between a writer and its reader", text });
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::made::{MS, fault, held, judged};
    use super::*;
    use crate::soak::event::{Event, What};

    #[test]
    fn who_got_in_between_is_found() {
        let mut reads = held("p1/2", "read", 9, 120, 130);
        reads.insert(
            1,
            Event {
                at_ns: 119 * MS,
                who: "p1/2".to_owned(),
                what: What::Downgrades { from: "p1/1".to_owned() },
            },
        );
        let with = |kind, token, struck| {
            let between = held("p2/1", kind, token, 112, 115);
            judged(vec![held("p1/1", "write", 5, 100, 110), between, reads.clone()], struck).0
        };
        assert_eq!(with("fair", 7, vec![]), ["somebody between a writer and its reader"]);
        assert!(with("fair", 7, vec![fault(Harm::DataLoss, 105, 111)]).is_empty());
        assert!(with("read", 7, vec![]).is_empty());
    }
}
