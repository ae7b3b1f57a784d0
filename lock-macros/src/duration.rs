//! Durations as they are written in the attribute: `"10s"`, `"1m30s"`, `"250ms"`.

use std::time::Duration;

/// Whether an argument can be so long; else what to write.
pub(crate) type Check<'a> = &'a dyn Fn(Duration) -> Result<(), String>;

/// The units, each with its milliseconds, from the finest to the coarsest.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a duration: one or more of `<integer>(ms|s|m|h|d)`.
///
/// # Errors
///
/// What is wrong and what to write instead, in terms of the argument `name`. What is offered passes `check`.
pub(crate) fn parse(name: &str, text: &str, check: Check<'_>) -> Result<Duration, String> {
    let write = |value: &str| format!("write `{name} = \"{value}\"`");
    if text.is_empty() {
        return Err(format!("the duration is empty: {}", write("10s")));
    }
    for (what, belongs) in
        [("spaces", char::is_whitespace as fn(char) -> bool), ("underscores", |c| c == '_')]
    {
        if text.contains(belongs) {
            let joined: String = text.chars().filter(|c| !belongs(*c)).collect();
            return Err(match parse(name, &joined, check) {
                Ok(_) => format!("a duration has no {what}: {}", write(&joined)),
                Err(message) => message,
            });
        }
    }
    if let Some(positive) = text.strip_prefix('-') {
        return Err(match parse(name, positive, check) {
            Ok(_) => format!("a duration cannot be negative: {}", write(positive)),
            Err(_) => format!("a duration cannot be negative: {}", write("10s")),
        });
    }
    if text.contains(['.', ',']) {
        return Err(format!(
            "a duration is made of whole numbers: for one and a half seconds {}",
            write("1s500ms")
        ));
    }

    let (mut total, mut rest, mut before) = (0_u64, text, None);
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| !c.is_ascii_digit());
        if number.is_empty() {
            return Err(format!("`{text}` is no duration: {} (units: {})", write("1m30s"), all()));
        }
        if unit.is_empty() {
            let so_far = &text[..text.len() - rest.len()];
            return Err(without_unit(name, so_far, number, before, check));
        }
        let of_unit = UNITS.iter().position(|(known, _)| *known == unit);
        let of_unit = of_unit.ok_or_else(|| unknown_unit(unit, number, &write))?;
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(UNITS[of_unit].1))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("`{text}` is too long: at most 2^64 milliseconds can be counted"))?;
        (rest, before) = (after, Some(of_unit));
    }
    let read = Duration::from_millis(total);
    check(read).map(|()| read)
}

/// From here on a number without a unit may be milliseconds: `300` may be five minutes as well as a third of a second.
const MAY_BE_MILLISECONDS: u64 = 100;

/// What to write instead of `number`, which stands without a unit behind `so_far`, whose last unit is `before`.
fn without_unit(name: &str, so_far: &str, number: &str, before: Option<usize>, check: Check<'_>) -> String {
    let units = format!("(units: {})", all());
    if let Some(before) = before {
        // `1m30` is a minute and thirty of the next finer unit.
        let (finer, _) = UNITS[before.saturating_sub(1)];
        return format!("write a unit: `{name} = \"{so_far}{number}{finer}\"` {units}");
    }
    let (seconds, milliseconds) = (format!("{number}s"), in_milliseconds(number));
    let in_seconds = parse(name, &seconds, check);
    let readings = match number.parse::<u64>() {
        Ok(..MAY_BE_MILLISECONDS) => vec![(seconds, "seconds")],
        // Whole minutes are as likely seconds; whatever else is so long was counted as milliseconds.
        Ok(count) if count % 60 == 0 && count % 500 != 0 => {
            vec![(seconds, "seconds"), (milliseconds, "milliseconds")]
        }
        _ => vec![(milliseconds, "milliseconds"), (seconds, "seconds")],
    };
    let possible: Vec<_> =
        readings.into_iter().filter(|(value, _)| parse(name, value, check).is_ok()).collect();
    match (possible.as_slice(), in_seconds) {
        ([(value, _)], _) => format!("write a unit: `{name} = \"{value}\"` {units}"),
        ([(first, one), (second, other), ..], _) => {
            format!(
                "write a unit: `{name} = \"{first}\"` if it is in {one}, `{name} = \"{second}\"` if it is in {other} {units}"
            )
        }
        ([], Err(message)) => message,
        ([], Ok(_)) => format!("write a unit: `{name} = \"10s\"` {units}"),
    }
}

/// `30s` for `30000`.
fn in_milliseconds(number: &str) -> String {
    match number.strip_suffix("000") {
        Some(seconds) if !seconds.is_empty() => format!("{seconds}s"),
        _ => format!("{number}ms"),
    }
}

fn all() -> String {
    UNITS.map(|(unit, _)| unit).join(", ")
}

fn split(text: &str, mut belongs: impl FnMut(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn unknown_unit(unit: &str, number: &str, write: &dyn Fn(&str) -> String) -> String {
    let meant = match unit.to_lowercase().as_str() {
        "ms" | "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "us" | "µs" | "μs" | "ns" | "micros" | "microseconds" | "nanos" | "nanoseconds" => {
            return format!("`{unit}` is too fine for a lock over a network: the smallest unit is `ms`");
        }
        _ => {
            return format!("`{unit}` is no unit: {} (units: {})", write(&format!("{number}s")), all());
        }
    };
    format!("`{unit}` is no unit: {}", write(&format!("{number}{meant}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> u128 {
        parse("wait", text, &|_| Ok(())).unwrap().as_millis()
    }

    fn message(text: &str) -> String {
        parse("wait", text, &|_| Ok(())).unwrap_err()
    }

    #[test]
    fn every_unit_is_read() {
        assert_eq!(millis("250ms"), 250);
        assert_eq!(millis("3s"), 3_000);
        assert_eq!(millis("2m"), 120_000);
        assert_eq!(millis("1h"), 3_600_000);
        assert_eq!(millis("30d"), 2_592_000_000);
        assert_eq!(millis("0s"), 0);
    }

    #[test]
    fn units_add_up() {
        assert_eq!(millis("1m30s"), 90_000);
        assert_eq!(millis("1d2h3m4s5ms"), 93_784_005);
    }

    #[test]
    fn a_missing_unit_is_asked_for() {
        assert_eq!(message("3"), "write a unit: `wait = \"3s\"` (units: ms, s, m, h, d)");
        for (written, offered) in [
            ("0", "0s"),
            ("99", "99s"),
            ("1m30", "1m30s"),
            ("1h30", "1h30m"),
            ("1s500", "1s500ms"),
            ("2d12", "2d12h"),
        ] {
            assert!(
                message(written).starts_with(&format!("write a unit: `wait = \"{offered}\"` (")),
                "{written}"
            );
        }
    }

    #[test]
    fn from_a_hundred_on_a_number_may_be_milliseconds() {
        for (written, first, second) in [
            ("30000", "30s", "30000s"),
            ("30_000", "30s", "30000s"),
            ("5000", "5s", "5000s"),
            ("60000", "60s", "60000s"),
            ("250", "250ms", "250s"),
            ("1500", "1500ms", "1500s"),
            ("300", "300s", "300ms"),
            ("3600", "3600s", "3600ms"),
            ("86400", "86400s", "86400ms"),
        ] {
            let offered = format!("`wait = \"{first}\"` if it is in ");
            let other = format!("`wait = \"{second}\"` if it is in ");
            let message = message(written);
            assert!(message.contains(&offered) && message.contains(&other), "{written}: {message}");
            assert!(message.find(&offered) < message.find(&other), "{written}: {message}");
        }
    }

    #[test]
    fn what_is_offered_can_be_written() {
        let up_to_a_minute = |read: Duration| match read {
            Duration::ZERO => Err("zero".to_owned()),
            read if read > Duration::from_secs(60) => Err("too long".to_owned()),
            _ => Ok(()),
        };
        let offered = |text| parse("expire", text, &up_to_a_minute).unwrap_err();
        assert_eq!(offered("5000"), "write a unit: `expire = \"5s\"` (units: ms, s, m, h, d)");
        assert_eq!(offered("90"), "too long");
        assert_eq!(offered("0"), "zero");
        assert_eq!(offered("9 9 9s"), "too long");
        assert_eq!(offered("99999999999999999999999"), offered("99999999999999999999999s"));
    }

    #[test]
    fn other_spellings_are_understood_and_refused() {
        assert_eq!(message("10sec"), "`sec` is no unit: write `wait = \"10s\"`");
        assert_eq!(message("5MIN"), "`MIN` is no unit: write `wait = \"5m\"`");
        assert_eq!(message("10 s"), "a duration has no spaces: write `wait = \"10s\"`");
        assert_eq!(message("-5s"), "a duration cannot be negative: write `wait = \"5s\"`");
        assert_eq!(message("-5"), "a duration cannot be negative: write `wait = \"10s\"`");
        assert_eq!(message("30_000ms"), "a duration has no underscores: write `wait = \"30000ms\"`");
        assert!(message("1.5s").contains("1s500ms"));
        assert!(message("7us").contains("smallest unit is `ms`"));
        assert!(message("s").contains("is no duration"));
        assert!(message("1fortnight").contains("`fortnight` is no unit"));
        assert!(message("").contains("empty"));
    }

    #[test]
    fn overflow_is_an_error() {
        assert!(message("99999999999999999999s").contains("too long"));
        assert!(message("18446744073709551615s").contains("too long"));
        assert!(message("18446744073709551615ms1ms").contains("too long"));
        assert_eq!(millis("18446744073709551615ms"), u128::from(u64::MAX));
    }
}
