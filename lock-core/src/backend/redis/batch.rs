//! Which of the waiting requests travel in which call.

use std::collections::HashMap;

use super::errand::{Errand, Form};
use super::scripts::{MAX_OPERATIONS, Script};
use crate::backend::{Operation, Request};
use crate::name::LockName;

/// The most bytes of arguments of one call.
const MAX_BYTES: usize = 256 * 1024;

/// The requests of one call, in order.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) script: Script,
    pub(super) form: Form,
    pub(super) errands: Vec<Errand>,
    bytes: usize,
}

impl Batch {
    fn of(errand: Errand) -> Self {
        let bytes = size(&errand.request);
        Self { script: errand.script(), form: errand.form, errands: vec![errand], bytes }
    }

    fn takes(&self, bytes: usize, most: usize) -> bool {
        self.errands.len() < MAX_OPERATIONS.min(most) && self.bytes + bytes <= MAX_BYTES
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.errands.iter().map(|errand| &errand.request)
    }
}

/// Takes as many of `pending` as fit into `room` calls of at most `most` operations, as few calls as that needs; they are
/// to be sent in this order.
///
/// What could go wrong: a release overtaken by the acquire behind it. It can't: a request joins only a call that is sent
/// no earlier than the last one with its name, and once one request of a name stays behind, all later ones of it do.
pub(super) fn take(pending: &mut Vec<Errand>, room: usize, most: usize) -> Vec<Batch> {
    gather(pending, room, most, usize::MAX, |_| 0)
}

/// The same in a cluster, where a call is of one slot: about `total` operations, in as many calls as that takes.
pub(super) fn take_by_slot(pending: &mut Vec<Errand>, total: usize) -> Vec<Batch> {
    gather(pending, usize::MAX, MAX_OPERATIONS, total, LockName::slot)
}

fn gather(
    pending: &mut Vec<Errand>,
    room: usize,
    most: usize,
    total: usize,
    slot_of: impl Fn(&LockName) -> u16,
) -> Vec<Batch> {
    if room == 0 || pending.is_empty() {
        return Vec::new();
    }
    if pending.len() == 1 {
        return pending.pop().map(Batch::of).into_iter().collect();
    }
    let mut batches: Vec<Batch> = Vec::with_capacity(room.min(2));
    // By script and slot: the newest call, the only one that is still filled.
    let mut open: Vec<(Script, u16, usize)> = Vec::with_capacity(2);
    let mut last_call: HashMap<LockName, Option<usize>> = HashMap::with_capacity(pending.len());
    let mut behind = Vec::new();
    let mut taken = 0;
    for errand in pending.drain(..) {
        let name = &errand.request.name;
        let (script, slot) = (errand.script(), slot_of(name));
        let bytes = size(&errand.request);
        let not_before = match last_call.get(name) {
            Some(None) => {
                behind.push(errand);
                continue;
            }
            Some(Some(call)) => *call,
            None => 0,
        };
        if taken >= total {
            last_call.insert(name.clone(), None);
            behind.push(errand);
            continue;
        }
        let filled = open
            .iter()
            .find(|(of, at, call)| (*of, *at) == (script, slot) && *call >= not_before)
            .filter(|(.., call)| errand.form == Form::Usual && batches[*call].takes(bytes, most))
            .map(|(.., call)| *call);
        if let Some(call) = filled {
            last_call.insert(name.clone(), Some(call));
            batches[call].bytes += bytes;
            batches[call].errands.push(errand);
            taken += 1;
        } else if batches.len() < room {
            let call = batches.len();
            last_call.insert(name.clone(), Some(call));
            if errand.form == Form::Usual {
                open.retain(|(of, at, _)| (*of, *at) != (script, slot));
                open.push((script, slot, call));
            }
            batches.push(Batch::of(errand));
            taken += 1;
        } else {
            last_call.insert(name.clone(), None);
            behind.push(errand);
        }
    }
    *pending = behind;
    batches
}

/// About how many bytes the request's arguments take.
fn size(request: &Request) -> usize {
    const NUMBERS: usize = 128;
    let entry = match &request.operation {
        Operation::Acquire(acquire) => acquire.place.as_ref().map(|place| &place.entry),
        Operation::Refresh { entry, .. } => Some(entry),
        Operation::Forget { entry } => entry.as_ref(),
        Operation::Renew { .. } | Operation::Raise { .. } | Operation::Keep { .. } => None,
    };
    NUMBERS
        + request.name.as_str().len()
        + request.id.as_str().len()
        + entry.map_or(0, |entry| entry.channel.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Acquire, HoldId, Mode, Via};
    use crate::clock::Moment;

    fn errand(seq: u64, name: &str, operation: Operation) -> Errand {
        Errand::from(Request {
            seq,
            name: LockName::new(name),
            id: HoldId::from_random(u128::from(seq), "test"),
            operation,
            via: Via::Caller,
            submitted: Moment::default(),
        })
    }

    fn acquire(seq: u64, name: &str) -> Errand {
        let acquire = Acquire {
            mode: Mode::Exclusive,
            replaces: None,
            lease_ms: 1000,
            not_after_ms: u64::MAX,
            place: None,
        };
        errand(seq, name, Operation::Acquire(acquire))
    }

    fn forget(seq: u64, name: &str) -> Errand {
        errand(seq, name, Operation::Forget { entry: None })
    }

    fn sequences(batches: &[Batch]) -> Vec<Vec<u64>> {
        batches.iter().map(|batch| batch.requests().map(|request| request.seq).collect()).collect()
    }

    #[test]
    fn different_names_need_one_call_of_each_script() {
        let mut pending = vec![acquire(1, "a"), forget(2, "b"), acquire(3, "c"), forget(4, "d")];
        assert_eq!(sequences(&take(&mut pending, 4, MAX_OPERATIONS)), [[1, 3], [2, 4]]);
        assert!(pending.is_empty());
    }

    #[test]
    fn one_name_keeps_its_order_over_both_scripts() {
        let mut pending = vec![forget(1, "a"), acquire(2, "a"), forget(3, "a"), acquire(4, "b")];
        assert_eq!(sequences(&take(&mut pending, 4, MAX_OPERATIONS)), [vec![1], vec![2, 4], vec![3]]);
    }

    #[test]
    fn what_does_not_fit_stays_behind_in_order() {
        let mut pending = vec![acquire(1, "a"), forget(2, "a"), acquire(3, "a"), acquire(4, "b")];
        assert_eq!(sequences(&take(&mut pending, 1, MAX_OPERATIONS)), [vec![1, 4]]);
        assert_eq!(sequences(&take(&mut pending, 2, MAX_OPERATIONS)), [[2], [3]]);
        assert!(pending.is_empty());
    }

    #[test]
    fn a_call_is_bounded_by_operations_and_by_bytes() {
        let mut pending: Vec<_> = (0..300).map(|seq| acquire(seq, &format!("n{seq}"))).collect();
        let lengths: Vec<_> =
            take(&mut pending, 4, MAX_OPERATIONS).iter().map(|batch| batch.errands.len()).collect();
        assert_eq!(lengths, [128, 128, 44]);
        let long = "x".repeat(100_000);
        let mut pending: Vec<_> = (0..5).map(|seq| acquire(seq, &format!("{long}{seq}"))).collect();
        let lengths: Vec<_> =
            take(&mut pending, 9, MAX_OPERATIONS).iter().map(|batch| batch.errands.len()).collect();
        assert_eq!(lengths, [2, 2, 1]);
    }

    #[test]
    fn in_a_cluster_a_call_is_of_one_slot_and_a_moving_one_is_alone() {
        let mut moving = acquire(5, "a");
        moving.form = Form::Alone;
        let mut pending = vec![
            acquire(1, "a"),
            acquire(2, "b"),
            acquire(3, "x{a}"),
            forget(4, "b"),
            moving,
            acquire(6, "a"),
        ];
        let sent = sequences(&take_by_slot(&mut pending, 100));
        assert_eq!(sent, [vec![1, 3], vec![2], vec![4], vec![5], vec![6]]);
        let mut pending: Vec<_> = (0..300).map(|seq| acquire(seq, &format!("n{seq}"))).collect();
        let sent: usize = take_by_slot(&mut pending, 200).iter().map(|batch| batch.errands.len()).sum();
        assert_eq!((sent, pending.len()), (200, 100));
    }

    #[test]
    fn random_rounds_never_reorder_a_name() {
        let mut state = 7_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for round in 0..200 {
            let mut pending: Vec<_> = (0..random(400))
                .map(|seq| {
                    let name = format!("n{}", random(6));
                    if random(2) == 0 { acquire(seq, &name) } else { forget(seq, &name) }
                })
                .collect();
            let all = pending.len();
            let mut sent = Vec::new();
            while !pending.is_empty() {
                let taken = if round % 2 == 0 {
                    take(&mut pending, 1 + random(3) as usize, 1 + random(128) as usize)
                } else {
                    take_by_slot(&mut pending, 1 + random(128) as usize)
                };
                for batch in taken {
                    assert!(batch.errands.iter().all(|errand| errand.script() == batch.script));
                    let slot = batch.errands[0].request.name.slot();
                    assert!(round % 2 == 0 || batch.requests().all(|request| request.name.slot() == slot));
                    sent.extend(batch.errands.into_iter().map(|errand| errand.request));
                }
            }
            assert_eq!(sent.len(), all);
            for name in 0..6 {
                let name = format!("n{name}");
                let order: Vec<_> = sent
                    .iter()
                    .filter(|request| request.name.as_str() == name)
                    .map(|request| request.seq)
                    .collect();
                assert!(order.is_sorted(), "{name}: {order:?}");
            }
        }
    }
}
