//! The one table that comes out.

use std::fmt;

use crate::rounds::Spread;

/// Rows of Markdown.
pub(crate) struct Table(Vec<Row>);

struct Row {
    what: String,
    ours: String,
    reference: String,
    ratio: String,
    reach: &'static str,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// A figure beside its reference.
    pub(crate) fn compared(
        &mut self,
        what: impl Into<String>,
        ours: String,
        reference: String,
        ratio: Spread,
        reach: &'static str,
    ) {
        self.0.push(Row { what: what.into(), ours, reference, ratio: ratio.to_string(), reach });
    }

    /// A count, which needs no reference.
    pub(crate) fn counted(&mut self, what: impl Into<String>, ours: String, reach: &'static str) {
        self.0.push(Row { what: what.into(), ours, reference: String::new(), ratio: String::new(), reach });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | here | reference | ratio | aim |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for row in &self.0 {
            let Row { what, ours, reference, ratio, reach } = row;
            writeln!(f, "| {what} | {ours} | {reference} | {ratio} | {reach} |")?;
        }
        Ok(())
    }
}

/// A time in the unit that suits it.
pub(crate) fn time(nanos: f64) -> String {
    if nanos < 1e3 {
        format!("{nanos:.0} ns")
    } else if nanos < 1e6 {
        format!("{:.1} µs", nanos / 1e3)
    } else {
        format!("{:.2} ms", nanos / 1e6)
    }
}

/// A rate.
pub(crate) fn rate(per_second: f64) -> String {
    format!("{:.1} k/s", per_second / 1e3)
}
