//! The counters of a cluster: one for each slot, since a script's keys must be of one slot.

use std::sync::LazyLock;

use crate::name::{SLOTS, slot_of};

/// For each slot the smallest number that belongs to it when written in decimal.
static TAGS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut tags = vec![None; usize::from(SLOTS)];
    let mut missing = tags.len();
    for number in 0.. {
        let tag = &mut tags[usize::from(slot_of(&number.to_string()))];
        if tag.is_none() {
            *tag = Some(number);
            missing -= 1;
            if missing == 0 {
                break;
            }
        }
    }
    tags.into_iter().flatten().collect()
});

/// The counter of `slot`, out of the name that it has where there is only one.
pub(in super::super) fn counter_key(counter: &str, slot: u16) -> String {
    format!("{counter}{{{}}}", TAGS[usize::from(slot % SLOTS)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_a_counter_in_it() {
        for slot in 0..SLOTS {
            assert_eq!(slot_of(&counter_key("LOCK:%fence", slot)), slot);
        }
    }
}
