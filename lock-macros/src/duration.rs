//! Durations as they are written in the attribute: `"10s"`, `"1m30s"`, `"250ms"`.

use std::time::Duration;

/// Reads a duration: one or more of `<integer>(ms|s|m|h|d)`.
///
/// # Errors
///
/// What is wrong and what to write instead, in terms of the argument `name`.
pub(crate) fn parse(name: &str, text: &str) -> Result<Duration, String> {
    let write = |value: &str| format!("write `{name} = \"{value}\"`");
    if text.is_empty() {
        return Err(format!("the duration is empty: {}", write("10s")));
    }
    if text.contains(char::is_whitespace) {
        let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        return Err(match parse(name, &joined) {
            Ok(_) => format!("a duration has no spaces: {}", write(&joined)),
            Err(message) => message,
        });
    }
    if text.starts_with('-') {
        return Err(format!("a duration cannot be negative: {}", write(text.trim_start_matches('-'))));
    }
    if text.contains(['.', ',']) {
        return Err(format!(
            "a duration is made of whole numbers: for one and a half seconds {}",
            write("1s500ms")
        ));
    }

    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| !c.is_ascii_digit());
        rest = after;
        if number.is_empty() {
            return Err(format!("`{text}` is no duration: {} (units: ms, s, m, h, d)", write("1m30s")));
        }
        if unit.is_empty() {
            return Err(format!("write a unit: `{name} = \"{text}s\"` (units: ms, s, m, h, d)"));
        }
        let milliseconds = milliseconds(unit).ok_or_else(|| unknown_unit(unit, number, &write))?;
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(milliseconds))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("`{text}` is too long: at most 2^64 milliseconds can be counted"))?;
    }
    Ok(Duration::from_millis(total))
}

fn split(text: &str, mut belongs: impl FnMut(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn milliseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    })
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
            return format!("`{unit}` is no unit: {} (units: ms, s, m, h, d)", write(&format!("{number}s")));
        }
    };
    format!("`{unit}` is no unit: {}", write(&format!("{number}{meant}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> u128 {
        parse("wait", text).unwrap().as_millis()
    }

    fn message(text: &str) -> String {
        parse("wait", text).unwrap_err()
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
        assert!(message("3").starts_with("write a unit: `wait = \"3s\"`"));
        assert!(message("1m30").starts_with("write a unit: `wait = \"1m30s\"`"));
    }

    #[test]
    fn other_spellings_are_understood_and_refused() {
        assert_eq!(message("10sec"), "`sec` is no unit: write `wait = \"10s\"`");
        assert_eq!(message("5MIN"), "`MIN` is no unit: write `wait = \"5m\"`");
        assert_eq!(message("10 s"), "a duration has no spaces: write `wait = \"10s\"`");
        assert_eq!(message("-5s"), "a duration cannot be negative: write `wait = \"5s\"`");
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
