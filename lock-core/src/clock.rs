//! The one clock that every deadline is measured by.

use std::fmt;
use std::time::Duration;

/// A point on a [`Clock`], as the time since that clock's zero. Arithmetic saturates: a deadline that lies past the
/// end of time is simply never reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// Later than every moment that a clock will show.
    pub const NEVER: Self = Self(Duration::MAX);

    /// The moment `since_zero` after the clock's zero.
    #[must_use]
    pub const fn new(since_zero: Duration) -> Self {
        Self(since_zero)
    }

    /// Time since the clock's zero.
    #[must_use]
    pub const fn since_zero(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, rest: Duration) -> Self {
        Self(self.0.saturating_add(rest))
    }
}

impl std::ops::Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, rest: Duration) -> Self {
        Self(self.0.saturating_sub(rest))
    }
}

/// A source of time that never goes backwards.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The present moment.
    fn now(&self) -> Moment;

    /// Whether it moves by itself. A clock that is moved by hand does not.
    fn is_real(&self) -> bool {
        true
    }
}

/// `CLOCK_BOOTTIME`: monotonic, and it counts the time that the machine was suspended. `std::time::Instant` does not,
/// so a lease judged by it would look valid after a suspend during which the server gave the lock to somebody else.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootClock;

impl Clock for BootClock {
    fn now(&self) -> Moment {
        let time = rustix::time::clock_gettime(boot_or_monotonic());
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        Moment(Duration::new(seconds, nanos))
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia", target_os = "openbsd"))]
const fn boot_or_monotonic() -> rustix::time::ClockId {
    rustix::time::ClockId::Boottime
}

/// Elsewhere (macOS and the BSDs) the monotonic clock is the best that there is.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "fuchsia", target_os = "openbsd")))]
const fn boot_or_monotonic() -> rustix::time::ClockId {
    rustix::time::ClockId::Monotonic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_moves_forward() {
        let first = BootClock.now();
        std::thread::sleep(Duration::from_millis(2));
        assert!(BootClock.now().since(first) >= Duration::from_millis(2));
    }

    /// Says that this is the process in the time namespace below.
    #[cfg(target_os = "linux")]
    const AHEAD: &str = "LOCK_TEST_BOOT_CLOCK_IS_AHEAD";

    /// No test suspends its machine. In a time namespace of its own a process sees a machine that was suspended for a day:
    /// its boot clock is that much ahead of the monotonic one, which `Instant` reads.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_that_a_machine_was_suspended_counts() {
        use std::process::Command;

        const SUSPENDED: u64 = 86_400;
        if std::env::var_os(AHEAD).is_some() {
            let monotonic = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            let monotonic = Duration::from_secs(monotonic.tv_sec.unsigned_abs());
            let ahead = BootClock.now().since_zero().saturating_sub(monotonic);
            assert!(ahead + Duration::from_secs(2) >= Duration::from_secs(SUSPENDED), "{ahead:?} ahead");
            return;
        }
        let this = "clock::tests::the_time_that_a_machine_was_suspended_counts";
        let inside = |command: &[&str]| {
            let ahead = SUSPENDED.to_string();
            let program = std::env::current_exe().expect("its own path");
            Command::new("unshare")
                .args(command)
                .args(["--time", "--boottime", &ahead])
                .arg(program)
                .args([this, "--exact"])
                .env(AHEAD, "yes")
                .output()
        };
        // Root may make a namespace; others may where the kernel lets them be root in one of their own.
        let made = [&[][..], &["--user", "--map-root-user"]].into_iter().find_map(|how| {
            let output = inside(how).ok()?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            said.contains("running 1 test").then_some((output.status, said))
        });
        match made {
            Some((status, said)) => assert!(status.success(), "{said}"),
            None if std::env::var_os("CI").is_none() => {
                eprintln!(
                    "not tested: this user can't make a time namespace (util-linux' unshare, Linux 5.6)"
                );
            }
            None => panic!("unshare can't make a time namespace"),
        }
    }

    #[test]
    fn a_deadline_past_the_end_of_time_is_never_reached() {
        let late = BootClock.now() + Duration::MAX;
        assert_eq!(late, Moment::NEVER);
        assert_eq!(Moment::default() - Duration::from_secs(1), Moment::default());
    }
}
