//! Several locks together: all or none.

use std::collections::BTreeMap;

use super::{History, Wrong};
use crate::{Hold, Violation, check_together};

pub(super) fn judge(history: &History) -> Vec<Wrong> {
    let holds: Vec<Hold> = history.attempts.iter().flat_map(super::Attempt::holds).collect();
    let asked: BTreeMap<_, _> = history
        .attempts
        .iter()
        .map(|attempt| (attempt.who.clone(), attempt.names.iter().cloned().collect()))
        .collect();
    let partly = |violation: Violation| {
        let Violation::Partly { who, .. } = &violation else { return None };
        Some(Wrong { what: "not all or none", text: format!("{violation}{}", history.story(&[who])) })
    };
    check_together(&asked, &holds).into_iter().filter_map(partly).collect()
}

#[cfg(test)]
mod tests {
    use super::super::made::{held, judged};
    use crate::soak::event::What;

    #[test]
    fn who_holds_half_of_what_it_asked_for_is_found() {
        let mut half = held("p1/1", "multi", 1, 100, 200);
        if let What::Asked { names, .. } = &mut half[0].what {
            names.push("LOCK:b".to_owned());
        }
        assert_eq!(judged(vec![half], vec![]).0, ["not all or none"]);
    }
}
