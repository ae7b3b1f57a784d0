//! A record as the sorted set that a server keeps of it: which sets can be one, member by member. For tests: `record.lua` has the
//! same in as much as it looks at (the first members, and those that an operation is about).

use std::collections::{BTreeSet, HashMap};

use super::queue::Waiter;
use super::record::{Owner, Record};
use crate::backend::bounds::{NUMBERS_END, highest_number, latest_end_ms};
use crate::backend::{Channel, Entry, HoldId, Mode};

const FENCES: f64 = (1_u64 << 52) as f64;
const OWNERS: f64 = (1_u64 << 51) as f64;
const STRICT: f64 = ((1_u64 << 50) + (1 << 49)) as f64;
const READERS: f64 = (1_u64 << 50) as f64;

/// The record that `members` are while a server's clock shows `now_us`; `None` if no client of ours can have written them.
pub(crate) fn parse(members: &[(Vec<u8>, f64)], now_us: u64) -> Option<Record> {
    let (highest, latest) = (highest_number(now_us), latest_end_ms(now_us.div_ceil(1000)));
    let mut record = Record::default();
    let (mut last, mut strict) = (None, false);
    let (mut beats, mut reads) = (HashMap::new(), HashMap::new());
    let (mut places, mut fences) = (Vec::new(), Vec::new());
    for (member, score) in members {
        let member = std::str::from_utf8(member).ok()?;
        let rest = member.get(2..)?;
        match member.get(..2)? {
            "1L" if rest.is_empty() => last = Some(below(-FENCES, *score, highest)?),
            "1H" => {
                let (digits, id) = rest.split_once(';').filter(|(digits, _)| digits.len() == 16)?;
                let fence = number(digits).filter(|fence| (1..=highest).contains(fence))?;
                let deadline_ms = below(-OWNERS, *score, latest)?;
                let owner = Owner { id: parse_id(id)?, fence, deadline_ms };
                if record.owner.replace(owner).is_some() {
                    return None;
                }
            }
            "1S" if rest.is_empty() => {
                strict = true;
                record.strict_until_ms = below(-STRICT, *score, latest)?;
            }
            "1R" => drop(reads.insert(rest, below(-READERS, *score, latest)?)),
            "1B" => drop(beats.insert(rest, below(0.0, *score, latest)?)),
            "1Q" => places.push((rest, below(0.0, -score, NUMBERS_END - 1).filter(|ticket| *ticket > 0)?)),
            "1F" => fences.push((rest, below(-FENCES, -score, highest)?)),
            _ => return None,
        }
    }
    // Nobody holds and waits at once.
    let mut ids: BTreeSet<u128> = record.owner.iter().map(|owner| owner.id.number()).collect();
    for (text, ticket) in places {
        let waiter = parse_waiter(text, beats.remove(text)?, latest - now_us.div_ceil(1000))?;
        if !ids.insert(waiter.id.number()) {
            return None;
        }
        record.queue.push(ticket, waiter);
    }
    for (id, fence) in fences {
        let reader = Owner { id: parse_id(id)?, fence, deadline_ms: reads.remove(id)? };
        if !ids.insert(reader.id.number()) {
            return None;
        }
        record.readers.admit(reader);
    }
    let listed = last.is_some();
    let alone = record.readers.is_empty() && record.queue.is_empty() && !strict;
    let whole = beats.is_empty() && reads.is_empty() && (listed || alone);
    record.last = last.unwrap_or(0).max(record.owner.as_ref().map_or(0, |owner| owner.fence));
    (whole && (record.owner.is_none() || record.readers.is_empty())).then_some(record)
}

/// How far `score` lies below `from`.
fn below(from: f64, score: f64, most: u64) -> Option<u64> {
    let number = from - score;
    (number >= 0.0 && number <= most as f64 && number.fract() == 0.0).then_some(number as u64)
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// An id as it would be written again.
fn parse_id(text: &str) -> Option<HoldId> {
    let (hex, record) = text.split_once(';')?;
    let id = HoldId::from_random(u128::from_str_radix(hex, 16).ok()?, record);
    (id.as_str() == text).then_some(id)
}

fn parse_waiter(text: &str, beat_ms: u64, longest_ms: u64) -> Option<Waiter> {
    let (mode, strict) = match text.get(..1)? {
        "x" => (Mode::Exclusive, false),
        "f" => (Mode::Exclusive, true),
        "r" => (Mode::Shared, true),
        _ => return None,
    };
    let mut parts = text[1..].splitn(3, ';');
    let short_ms = number(parts.next()?).filter(|short_ms| *short_ms <= longest_ms)?;
    let channel = Channel::new(parts.next()?);
    let waiter =
        Waiter { id: parse_id(parts.next()?)?, entry: Entry { mode, strict, short_ms, channel }, beat_ms };
    (waiter.text() == text).then_some(waiter)
}
