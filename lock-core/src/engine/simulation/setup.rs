//! What is simulated: how many of what, how bad the weather is, which rules are on.

use std::time::Duration;

use super::mutation::Mutation;
use crate::engine::rules::Rules;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// One kind of world.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) name: &'static str,
    /// How long faults go on; then all is calm until everything has ended.
    pub(super) active: Duration,
    pub(super) clients: (u64, u64),
    pub(super) tasks: (u64, u64),
    pub(super) names: u64,
    pub(super) weather: Weather,
    pub(super) habits: Habits,
    pub(super) rules: Rules,
    pub(super) mutation: Mutation,
}

/// What the tasks do.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    pub(super) leases: &'static [Duration],
    pub(super) waits: &'static [Duration],
    /// The longest hold.
    pub(super) hold: Duration,
    /// The longest pause between two holds.
    pub(super) think: Duration,
    // How often, of a thousand:
    pub(super) try_once: u64,
    pub(super) cancel: u64,
    pub(super) drop_guard: u64,
    pub(super) not_renewed: u64,
    /// Of a thousand calls so many want to be served in strict order, ..
    pub(super) fair: u64,
    /// .. and so many to share the lock with other readers.
    pub(super) read: u64,
    /// How many of those who held it alone go on as readers.
    pub(super) downgrade: u64,
    /// How often in a body a longer lease is asked for.
    pub(super) extends: u64,
    /// A task that was woken is polled late.
    pub(super) blocked: u64,
    pub(super) blocked_for: Duration,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    /// Of a thousand messages so many are slow, by up to this.
    pub(super) slow: u64,
    pub(super) slow_by: Duration,
    /// Mean time between two faults of each kind; zero for never.
    pub(super) breaks: Duration,
    /// How many of a thousand broken connections make what they carried go again, on the next one.
    pub(super) again: u64,
    /// The bytes of a broken connection may arrive so much later.
    pub(super) late_copy: Duration,
    pub(super) pauses: Duration,
    pub(super) pause: Duration,
    pub(super) stalls: Duration,
    pub(super) stall: Duration,
    pub(super) unsubscribed: Duration,
    pub(super) kills: Duration,
    pub(super) restarts: Duration,
    /// Of grants that the server never made, published by somebody who reads the records.
    pub(super) forged: Duration,
    /// Grants, of a thousand: late, lost, repeated.
    pub(super) push_late: u64,
    pub(super) push_late_by: Duration,
    pub(super) push_lost: u64,
    pub(super) push_twice: u64,
    /// Requests that the server answers with an error, of a thousand.
    pub(super) failures: u64,
    /// Clocks run too fast or too slow by up to so many parts per million.
    pub(super) drift: i64,
}

impl Weather {
    /// Messages take their time, nothing else.
    pub(super) const CALM: Self = Self {
        slow: 0,
        slow_by: ms(0),
        breaks: ms(0),
        again: 0,
        late_copy: ms(0),
        pauses: ms(0),
        pause: ms(0),
        stalls: ms(0),
        stall: ms(0),
        unsubscribed: ms(0),
        kills: ms(0),
        restarts: ms(0),
        forged: ms(0),
        push_late: 0,
        push_late_by: ms(0),
        push_lost: 0,
        push_twice: 0,
        failures: 0,
        drift: 4000,
    };

    /// Everything but a loss of the server's data.
    pub(super) const STORM: Self = Self {
        slow: 60,
        slow_by: ms(700),
        breaks: ms(400),
        again: 0,
        late_copy: ms(6000),
        pauses: ms(500),
        pause: ms(1500),
        stalls: ms(3000),
        stall: ms(900),
        unsubscribed: ms(2000),
        kills: ms(15_000),
        restarts: ms(0),
        forged: ms(0),
        push_late: 200,
        push_late_by: ms(5000),
        push_lost: 80,
        push_twice: 80,
        failures: 5,
        drift: 4000,
    };

    /// Whether anything but a slow message can happen.
    pub(super) fn has_faults(&self) -> bool {
        let times = [self.breaks, self.pauses, self.stalls, self.unsubscribed, self.kills, self.restarts];
        times.iter().any(|mean| !mean.is_zero()) || self.push_lost + self.failures > 0
    }
}

impl Setup {
    pub(super) const STORM: Self = Self {
        name: "storm",
        active: ms(20_000),
        clients: (2, 8),
        tasks: (1, 3),
        names: 2,
        weather: Weather::STORM,
        habits: Habits {
            leases: &[ms(300), ms(300), ms(600), ms(3000), ms(6000)],
            waits: &[ms(50), ms(400), ms(1500), ms(5000)],
            hold: ms(200),
            think: ms(100),
            try_once: 100,
            cancel: 150,
            drop_guard: 300,
            not_renewed: 250,
            fair: 0,
            read: 0,
            downgrade: 0,
            extends: 0,
            blocked: 20,
            blocked_for: ms(1500),
        },
        rules: Rules::ALL,
        mutation: Mutation::None,
    };

    /// Many processes, one name, short leases, one task each: so places in the queue can be told apart.
    pub(super) const HOT: Self = Self {
        name: "one hot lock",
        clients: (3, 8),
        tasks: (1, 1),
        names: 1,
        habits: Habits {
            leases: &[ms(300), ms(300), ms(600)],
            waits: &[ms(400), ms(3000), ms(6000)],
            hold: ms(150),
            think: ms(50),
            try_once: 20,
            ..Self::STORM.habits
        },
        ..Self::STORM
    };

    /// Connections break all the time, and requests are sent again.
    pub(super) const BREAKS: Self = Self {
        name: "broken connections",
        weather: Weather { breaks: ms(60), pauses: ms(300), ..Weather::STORM },
        habits: Habits { leases: &[ms(300)], hold: ms(400), ..Self::HOT.habits },
        ..Self::HOT
    };

    /// Connections die in silence, and what they carried goes again under the same number: the answer to one copy is no
    /// word about the other.
    pub(super) const SENT_AGAIN: Self = Self {
        name: "requests sent again",
        weather: Weather { again: 700, ..Self::BREAKS.weather },
        habits: Habits { try_once: 200, ..Self::BREAKS.habits },
        ..Self::BREAKS
    };

    /// Readers and writers over the same connections.
    pub(super) const READERS_SENT_AGAIN: Self = Self {
        name: "readers' and writers' requests sent again",
        weather: Self::SENT_AGAIN.weather,
        ..Self::READERS_HOT
    };

    /// The server stands still for longer than waiters count as alive.
    pub(super) const STALLS: Self = Self {
        name: "stalls",
        weather: Weather { stalls: ms(1500), stall: ms(900), ..Weather::CALM },
        habits: Habits { waits: &[ms(6000)], try_once: 0, blocked: 0, ..Self::HOT.habits },
        ..Self::HOT
    };

    /// Nothing is wrong but that tasks are polled late, by many leases.
    pub(super) const BLOCKED: Self = Self {
        name: "blocked tasks",
        clients: (2, 5),
        tasks: (1, 3),
        weather: Weather::CALM,
        habits: Habits {
            leases: &[ms(300), ms(600)],
            blocked: 60,
            blocked_for: ms(8000),
            ..Self::STORM.habits
        },
        ..Self::HOT
    };

    /// Nothing is wrong at all, and everybody is quick.
    pub(super) const CALM: Self = Self {
        name: "calm",
        weather: Weather::CALM,
        habits: Habits {
            try_once: 400,
            cancel: 0,
            blocked: 0,
            hold: ms(20),
            think: ms(200),
            ..Self::STORM.habits
        },
        ..Self::STORM
    };

    /// Tasks of one process that ask for very different leases, and are paused while they hold.
    pub(super) const MIXED: Self = Self {
        name: "mixed leases",
        clients: (3, 5),
        tasks: (2, 4),
        names: 1,
        weather: Weather { pauses: ms(250), pause: ms(2500), ..Weather::STORM },
        habits: Habits {
            leases: &[ms(300), ms(3000)],
            waits: &[ms(1500), ms(5000)],
            hold: ms(600),
            think: ms(50),
            cancel: 100,
            ..Self::STORM.habits
        },
        ..Self::STORM
    };

    /// Holders die, and nobody else does anything wrong.
    pub(super) const KILLS: Self = Self {
        name: "killed holders",
        weather: Weather { kills: ms(1500), ..Weather::CALM },
        habits: Habits { hold: ms(500), cancel: 0, ..Self::STALLS.habits },
        ..Self::HOT
    };

    /// The server loses everything again and again.
    pub(super) const DATA_LOSS: Self =
        Self { name: "data loss", weather: Weather { restarts: ms(3000), ..Weather::STORM }, ..Self::STORM };

    /// Somebody publishes grants that can't be true, while everything else goes wrong too.
    pub(super) const FORGED: Self = Self {
        name: "impossible messages in a storm",
        weather: Weather { forged: ms(20), ..Weather::STORM },
        ..Self::READERS
    };

    /// The same while nothing else goes wrong.
    pub(super) const FORGED_IN_CALM: Self = Self {
        name: "impossible messages in calm",
        weather: Weather { forged: ms(5), ..Weather::CALM },
        habits: Habits { hold: ms(150), try_once: 20, ..Self::READERS_IN_CALM.habits },
        ..Self::READERS_IN_CALM
    };

    /// Holders ask for other leases all the time, while everything goes wrong.
    pub(super) const EXTENDED: Self = Self {
        name: "extensions in a storm",
        habits: Habits {
            leases: &[ms(300), ms(600), ms(3000)],
            waits: &[ms(1500), ms(5000)],
            hold: ms(700),
            extends: 3,
            ..Self::STORM.habits
        },
        ..Self::STORM
    };

    /// The same while nothing goes wrong: they are answered soon.
    pub(super) const EXTENDED_IN_CALM: Self = Self {
        name: "extensions in calm",
        weather: Weather::CALM,
        habits: Habits { blocked: 0, ..Self::EXTENDED.habits },
        ..Self::EXTENDED
    };

    /// Thousands of holds at once in two processes, each of its own name or of a few.
    pub(super) const MANY: Self = Self {
        name: "many names",
        active: ms(6000),
        clients: (2, 2),
        tasks: (2000, 2000),
        names: 4000,
        weather: Weather {
            breaks: ms(1000),
            pauses: ms(2000),
            stalls: ms(3000),
            stall: ms(300),
            kills: ms(0),
            late_copy: ms(2000),
            failures: 2,
            ..Weather::STORM
        },
        habits: Habits {
            leases: &[ms(3000), ms(6000)],
            waits: &[ms(1500), ms(5000)],
            hold: ms(8000),
            cancel: 50,
            blocked: 0,
            extends: 1,
            ..Self::STORM.habits
        },
        ..Self::STORM
    };

    /// Callers with a place of their own at the server, among those who share one.
    pub(super) const FAIR: Self = Self {
        name: "fair callers among others",
        tasks: (1, 4),
        names: 1,
        habits: Habits { fair: 600, ..Self::STORM.habits },
        ..Self::STORM
    };

    /// The same while nothing goes wrong.
    pub(super) const FAIR_IN_CALM: Self = Self {
        name: "fair callers in calm",
        tasks: (1, 4),
        names: 1,
        habits: Habits { fair: 600, ..Self::CALM.habits },
        ..Self::CALM
    };

    /// A process whose tasks are not polled has many places of its own.
    pub(super) const FAIR_BLOCKED: Self = Self {
        name: "blocked fair callers",
        tasks: (1, 4),
        habits: Habits { fair: 700, ..Self::BLOCKED.habits },
        ..Self::BLOCKED
    };

    /// Readers, writers and all others on few names.
    pub(super) const READERS: Self = Self {
        name: "readers and writers in a storm",
        tasks: (1, 4),
        habits: Habits { fair: 250, read: 500, downgrade: 200, ..Self::STORM.habits },
        ..Self::STORM
    };

    /// Readers and writers alone, each with a place of its own; places can be told apart.
    pub(super) const READERS_HOT: Self = Self {
        name: "readers and writers on one hot lock",
        tasks: (1, 3),
        habits: Habits { fair: 400, read: 600, downgrade: 200, ..Self::HOT.habits },
        ..Self::HOT
    };

    pub(super) const READERS_IN_CALM: Self = Self {
        name: "readers and writers in calm",
        tasks: (1, 4),
        names: 1,
        habits: Habits { fair: 300, read: 500, downgrade: 200, ..Self::CALM.habits },
        ..Self::CALM
    };

    pub(super) const READERS_BLOCKED: Self = Self {
        name: "blocked readers and writers",
        tasks: (1, 4),
        habits: Habits { fair: 300, read: 700, ..Self::BLOCKED.habits },
        ..Self::BLOCKED
    };

    pub(super) const READERS_KILLED: Self = Self {
        name: "killed readers and writers",
        tasks: (1, 3),
        habits: Habits { fair: 400, read: 600, ..Self::KILLS.habits },
        ..Self::KILLS
    };

    pub(super) const READERS_DATA_LOSS: Self = Self {
        name: "readers and writers and data loss",
        weather: Weather { restarts: ms(3000), ..Weather::STORM },
        ..Self::READERS
    };

    /// The longest lease that anybody asks for.
    pub(super) fn longest_lease(&self) -> Duration {
        self.habits.leases.iter().copied().max().unwrap_or_default()
    }

    pub(super) fn longest_wait(&self) -> Duration {
        self.habits.waits.iter().copied().max().unwrap_or_default()
    }
}
