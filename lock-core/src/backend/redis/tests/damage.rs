//! Records that somebody else wrote, or that were damaged: what can't be true is foreign to its own lock, and nothing beyond that
//! lock is touched. Arbitrary sorted sets, on the scripts and, where they are a record, on `step` beside them.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::pair::{Pair, Path};
use super::server::on_each;
use crate::backend::bounds::highest_number;
use crate::backend::memory::rules::{CHANNELS, Order, START_US, Subject};
use crate::backend::{Acquire, Channel, Entry, FaultClass, HoldId, Mode, Operation, Place, Reply};

const NAME: &str = "LOCK:damaged";
const OTHER: &str = "LOCK:other";
const FENCES: f64 = (1_u64 << 52) as f64;
const OWNERS: f64 = (1_u64 << 51) as f64;
const STRICT: f64 = ((1_u64 << 50) + (1 << 49)) as f64;
const READERS: f64 = (1_u64 << 50) as f64;
const NOW_MS: u64 = START_US / 1000;
/// How many arbitrary sets are tried, on each server and half of the scripts.
const CASES: u32 = 600;

type Member = (Vec<u8>, f64);

fn id(n: u8) -> HoldId {
    HoldId::from_random(u128::from(n) + 1, &format!("höst/{n} f"))
}

fn entry(how: char, short_ms: u64, channel: usize) -> Entry {
    let mode = if how == 'r' { Mode::Shared } else { Mode::Exclusive };
    Entry { mode, strict: how != 'x', short_ms, channel: Channel::new(CHANNELS[channel]) }
}

/// How it waits, and who.
type Waits = (char, u8);

fn entry_of((how, n): Waits) -> Entry {
    entry(how, 500 + 500 * u64::from(n), usize::from(n) % CHANNELS.len())
}

fn waiter(waits: Waits) -> String {
    let Entry { short_ms, channel, .. } = entry_of(waits);
    format!("{}{short_ms};{};{}", waits.0, channel.as_str(), id(waits.1).as_str())
}

fn member(text: impl AsRef<str>, score: f64) -> Member {
    (text.as_ref().as_bytes().to_vec(), score)
}

/// Each operation that there is, for whoever may be in the record, or nobody.
fn operations(n: u8, waits: Waits) -> Vec<Order> {
    let entry = entry_of(waits);
    let place = Place { entry: entry.clone(), heartbeat_ms: 3_000, ticket: None };
    let acquire = |mode, replaces, place| {
        let (lease_ms, not_after_ms) = (10_000, NOW_MS + 1_000);
        Operation::Acquire(Acquire { mode, replaces, lease_ms, not_after_ms, place })
    };
    [
        acquire(Mode::Exclusive, None, None),
        acquire(entry.mode, None, Some(place)),
        acquire(Mode::Shared, None, None),
        acquire(Mode::Shared, Some(id(n.wrapping_add(1))), None),
        Operation::Renew { lease_ms: 10_000 },
        Operation::Refresh { entry: entry.clone(), heartbeat_ms: 3_000, lease_ms: entry.short_ms },
        Operation::Raise { fence: START_US + 1_000 },
        Operation::Keep { keep_ms: 5_000 },
        Operation::Forget { entry: None },
        Operation::Forget { entry: Some(entry) },
    ]
    .map(|operation| (NAME, id(n), operation))
    .into()
}

/// Other locks can be had, and what all share is where the clock allows it to be.
fn all_else_goes_on(pair: &mut Pair, counter: u64) {
    let after = pair.counter();
    assert!((counter..=highest_number(START_US) + 200).contains(&after), "the counter is {after}");
    let acquire = Operation::Acquire(Acquire {
        mode: Mode::Exclusive,
        replaces: None,
        lease_ms: 1_000,
        not_after_ms: NOW_MS + 1_000,
        place: None,
    });
    let held = pair.attempt(&(OTHER, id(200), acquire));
    assert!(matches!(held, Ok(Reply::Held { fence, .. }) if fence > counter), "{held:?}");
    let freed = pair.attempt(&(OTHER, id(200), Operation::Forget { entry: None }));
    assert_eq!(freed, Ok(Reply::Forgotten { was_owner: true }));
}

#[test]
fn a_record_that_can_t_be_true_is_foreign_to_its_own_lock_alone() {
    let now_ms = NOW_MS as f64;
    let deadline = now_ms + 5_000.0;
    let fence = START_US as f64;
    let own = |fence: &str| format!("1H{fence};{}", id(1).as_str());
    let usual = own(&format!("{START_US:016}"));
    let reader = id(1).as_str().to_owned();
    let waits = waiter(('x', 1));
    let queue = |beat: f64, ticket: f64| {
        vec![
            member("1L", -FENCES - fence),
            member(format!("1B{waits}"), beat),
            member(format!("1Q{waits}"), ticket),
        ]
    };
    let day = 24.0 * 60.0 * 60.0 * 1000.0;
    let damaged: Vec<Vec<Member>> = vec![
        // What it was found with.
        vec![member("1L", -9e300)],
        vec![member(own("9999999999999999"), -OWNERS - deadline)],
        // The last fence.
        vec![member("1L", f64::NEG_INFINITY)],
        vec![member("1L", -FENCES - fence - day * 1000.0 - 1.0)],
        vec![member("1L", -FENCES + 1.0)],
        vec![member("1L", 0.0)],
        vec![member("1L", f64::INFINITY)],
        // The owner's fence.
        vec![member(own(&format!("{:016}", START_US + day as u64 * 1000 + 1)), -OWNERS - deadline)],
        vec![member(own("4503599627370495"), -OWNERS - deadline)],
        vec![member(own("0000000000000000"), -OWNERS - deadline)],
        vec![member(own("0x00000000000001"), -OWNERS - deadline)],
        vec![member(own("               1"), -OWNERS - deadline)],
        vec![member(own("-000000000000001"), -OWNERS - deadline)],
        vec![member(own("1.50000000000000"), -OWNERS - deadline)],
        vec![member(own("1800000000"), -OWNERS - deadline)],
        vec![member("1H", -OWNERS - deadline)],
        // Its deadline.
        vec![member(&usual, -9e300)],
        vec![member(&usual, f64::NEG_INFINITY)],
        vec![member(&usual, -OWNERS - now_ms - 31.0 * day - 2.0)],
        vec![member(&usual, -OWNERS - deadline - 0.5)],
        vec![member(&usual, -OWNERS + 1.0)],
        vec![member(&usual, 5.0)],
        // Its id.
        vec![member(format!("1H{START_US:016};"), -OWNERS - deadline)],
        vec![member(format!("1H{START_US:016};abc;host"), -OWNERS - deadline)],
        vec![member(format!("1H{START_US:016};{};host", "z".repeat(32)), -OWNERS - deadline)],
        // Readers.
        vec![member("1L", -FENCES - fence), member(format!("1R{reader}"), -READERS - now_ms - 32.0 * day)],
        vec![member("1L", -FENCES - fence), member("1Rnobody", -READERS - deadline)],
        vec![
            member(format!("1R{reader}"), -READERS - deadline),
            member(format!("1F{reader}"), FENCES + fence),
        ],
        // Until when somebody waits in strict order.
        vec![member("1L", -FENCES - fence), member("1S", -STRICT - now_ms - 32.0 * day)],
        // A queue.
        queue(-now_ms - 32.0 * day, fence),
        queue(f64::NEG_INFINITY, fence),
        queue(-deadline - 0.5, fence),
        vec![member(format!("1B{waits}"), -deadline), member(format!("1Q{waits}"), fence)],
    ];
    on_each(|server| {
        for path in [Path::AsWritten, Path::Full] {
            for members in &damaged {
                let mut pair = Pair::on(server, path);
                assert!(!pair.plant(NAME, members), "{members:?}");
                let before = pair.members(NAME);
                for order in operations(1, ('x', 1)).into_iter().chain(operations(7, ('r', 7))) {
                    let counter = pair.counter();
                    let answer = pair.attempt(&order);
                    let fault = answer.expect_err(&format!("{members:?}, {order:?}"));
                    assert_eq!(fault.class, FaultClass::Foreign, "{members:?}, {order:?}: {}", fault.message);
                    assert_eq!(pair.members(NAME), before, "{order:?}");
                    assert_eq!(pair.counter(), counter, "{members:?}, {order:?}");
                    all_else_goes_on(&mut pair, counter);
                }
            }
        }
    });
}

/// A holder whose record is 100,000 bytes long, and has control characters.
#[test]
fn who_holds_a_lock_is_told_cleaned_and_cut() {
    on_each(|server| {
        for (class, from) in [("1H", OWNERS), ("1R", READERS)] {
            let mut pair = Pair::on(server, Path::AsWritten);
            let who = format!("{:032x};evil\r\n\u{1b}[2J\u{202e}{}", 7, "x".repeat(100_000));
            let fence = if class == "1H" { format!("{START_US:016};") } else { String::new() };
            let mut members = vec![
                member("1L", -FENCES - START_US as f64),
                member(format!("{class}{fence}{who}"), -from - NOW_MS as f64 - 5_000.0),
            ];
            if class == "1R" {
                members.push(member(format!("1F{who}"), FENCES + START_US as f64));
            }
            pair.plant(NAME, &members);
            let order = operations(1, ('x', 1)).remove(0);
            let Ok(Reply::Busy { holder: Some(holder), owner_left_ms }) = pair.attempt(&order) else {
                panic!("busy")
            };
            assert_eq!(owner_left_ms, 5_000);
            assert!(holder.starts_with("evil___[2J_xxx") && holder.len() <= 160, "{holder}");
        }
    });
}

/// What a set begins as, before it is damaged.
#[derive(Clone, Debug)]
struct Whole {
    owner: Option<(u8, i64, i64)>,
    readers: Vec<(u8, i64, i64)>,
    waiters: Vec<(Waits, i64, i64)>,
    strict: Option<i64>,
    last: Option<i64>,
}

impl Whole {
    fn members(&self) -> Vec<Member> {
        let (fence, now) = (START_US as f64, NOW_MS as f64);
        let mut members = Vec::new();
        if let Some((n, drawn, left)) = self.owner {
            let text = format!("1H{:016};{}", START_US.saturating_add_signed(drawn), id(n).as_str());
            members.push(member(text, -OWNERS - now - left as f64));
        }
        for (n, drawn, left) in self.readers.iter().filter(|_| self.owner.is_none()) {
            let n = n + 20;
            members.push(member(format!("1R{}", id(n).as_str()), -READERS - now - *left as f64));
            members.push(member(format!("1F{}", id(n).as_str()), FENCES + fence + *drawn as f64));
        }
        for ((how, n), drawn, left) in &self.waiters {
            let text = waiter((*how, n + 40));
            members.push(member(format!("1B{text}"), -now - *left as f64));
            members.push(member(format!("1Q{text}"), fence + *drawn as f64));
        }
        members.extend(self.strict.map(|left| member("1S", -STRICT - now - left as f64)));
        members.extend(self.last.map(|drawn| member("1L", -FENCES - fence - drawn as f64)));
        members
    }
}

/// One thing that is wrong with a set.
#[derive(Clone, Debug)]
enum Wrong {
    Gone(usize),
    Score(usize, f64),
    Moved(usize, f64),
    Text(usize, Vec<u8>),
    More(Vec<u8>, f64),
}

impl Wrong {
    fn happens(self, members: &mut Vec<Member>) {
        let count = members.len().max(1);
        match self {
            Self::More(text, score) => members.push((text, score)),
            _ if members.is_empty() => {}
            Self::Gone(at) => drop(members.remove(at % count)),
            Self::Score(at, score) => members[at % count].1 = score,
            Self::Moved(at, by) => members[at % count].1 += by,
            Self::Text(at, text) => members[at % count].0 = text,
        }
    }
}

fn whole() -> impl Strategy<Value = Whole> {
    // Numbers drawn and times left: before now, now, and after; some beyond what can be true.
    let drawn = prop_oneof![8 => -2_000_000..2_000_000_i64, 1 => 86_000_000_000..87_000_000_000_i64];
    let left = prop_oneof![8 => -3_000..9_000_i64, 1 => 2_678_300_000..2_678_500_000_i64];
    let hold = (0..5_u8, drawn.clone(), left.clone());
    let how = prop::sample::select(vec!['x', 'f', 'r']);
    (
        prop::option::of(hold.clone()),
        prop::collection::vec(hold, 0..5),
        prop::collection::vec(((how, 0..9_u8), drawn.clone(), left.clone()), 0..5),
        prop::option::of(left),
        prop::option::weighted(0.9, drawn),
    )
        .prop_map(|(owner, readers, waiters, strict, last)| Whole {
            owner,
            readers,
            waiters,
            strict,
            last,
        })
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::sample::select(vec![
            0.0,
            -0.5,
            1.0,
            -1.0,
            9e300,
            -9e300,
            FENCES,
            -FENCES,
            2.0 * FENCES,
            -2.0 * FENCES,
            -OWNERS,
            -READERS,
            -STRICT,
            f64::INFINITY,
            f64::NEG_INFINITY,
            9_999_999_999_999_999.0,
        ]),
        any::<f64>().prop_filter("a score is a number", |score| !score.is_nan()),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let shaped = prop::sample::select(vec!["1L", "1S", "1H", "1R", "1B", "1Q", "1F", "2L", "1X", ""]);
    prop_oneof![
        shaped.prop_map(|text| text.as_bytes().to_vec()),
        (0..9_u8).prop_map(|n| format!("1H9999999999999999;{}", id(n).as_str()).into_bytes()),
        (0..9_u8).prop_map(|n| format!("1Q{}", waiter(('x', n))).into_bytes()),
        (0..9_u8).prop_map(|n| format!("1Bx99999999999;one;{}", id(n).as_str()).into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|rest| [b"1Q", &rest[..]].concat()),
    ]
}

fn wrong() -> impl Strategy<Value = Wrong> {
    prop_oneof![
        (0..20_usize).prop_map(Wrong::Gone),
        (0..20_usize, score()).prop_map(|(at, score)| Wrong::Score(at, score)),
        (0..20_usize, score()).prop_map(|(at, by)| Wrong::Moved(at, by)),
        (0..20_usize, text()).prop_map(|(at, text)| Wrong::Text(at, text)),
        (text(), score()).prop_map(|(text, score)| Wrong::More(text, score)),
    ]
}

#[test]
fn over_arbitrary_sets_the_scripts_do_as_the_model_does_or_touch_nothing_else() {
    let cases =
        std::env::var("LOCK_TEST_SEEDS").map_or(CASES, |cases| cases.parse().expect("a number of cases"));
    on_each(|server| {
        for path in [Path::AsWritten, Path::Full] {
            let pair = std::cell::RefCell::new(Pair::on(server, path));
            let (mut records, mut others) = (0, 0);
            let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
            let orders = (
                prop::sample::select(vec![0_u8, 1, 20, 21, 40, 41, 99]),
                prop::sample::select(vec!['x', 'f', 'r']),
                0..10_usize,
            );
            let sets = (whole(), prop::collection::vec(wrong(), 0..3), prop::collection::vec(orders, 1..4));
            let run = TestRunner::new(config).run(&sets, |(whole, wrongs, orders)| {
                let pair = &mut *pair.borrow_mut();
                pair.forget_what_was_said();
                let mut members = whole.members();
                wrongs.into_iter().for_each(|wrong| wrong.happens(&mut members));
                let mut is_one = pair.plant(NAME, &members);
                *(if is_one { &mut records } else { &mut others }) += 1;
                for (n, how, which) in orders {
                    let order = operations(n, (how, n)).remove(which);
                    is_one &= !pair.is_out_of_character(&order);
                    let counter = pair.counter();
                    if is_one {
                        // Replies, records and messages are compared.
                        pair.run(&[order]);
                        pair.published();
                    } else {
                        let _ = pair.attempt(&order);
                    }
                    all_else_goes_on(pair, counter);
                }
                Ok(())
            });
            if let Err(error) = run {
                panic!("{path:?}: {error}");
            }
            eprintln!("{path:?}: {records} records, {others} other sets");
            assert!(records > cases / 5 && others > cases / 5, "{records} records, {others} other sets");
        }
    });
}
