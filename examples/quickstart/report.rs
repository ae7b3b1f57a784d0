//! What the reader sees: a line per customer, the totals, the verdict.

use std::error::Error;
use std::time::Duration;

use crate::record::{Outcome, Record};
use crate::shop::{CUSTOMERS, NAMES, STOCK};

/// Prints as it goes, and counts.
pub(crate) struct Report {
    unlocked: bool,
    records: Vec<Record>,
}

impl Report {
    /// Says what is about to happen.
    pub(crate) fn begin(place: String, url: &str, unlocked: bool) -> Self {
        let stock = STOCK.map(|(item, count)| format!("{count} × {item}")).join(" and ");
        let customers = CUSTOMERS as usize * NAMES.len();
        println!("A shop sells its last items: {stock}. {place}.");
        println!(
            "{customers} customers want each item, all at once. A sale reads the stock, thinks for 25 ms, writes it back."
        );
        if unlocked {
            println!("Nothing is locked.\n");
        } else {
            // The rest of a URL may hold a password.
            let server = url.rsplit_once('@').map_or(url, |(_, server)| server);
            println!("#[distributed_lock(prefix = \"shop\", key = \"item\")] on {server}\n");
        }
        println!("  {:<8} {:<5} {:<12} {:>8}  fencing token", "replica", "item", "", "waited");
        Self { unlocked, records: Vec::new() }
    }

    /// Prints one customer's line.
    pub(crate) fn add(&mut self, record: Record) {
        let (what, token) = match &record.outcome {
            Outcome::Sold { left, token } => (
                format!("sold, {left} left"),
                token.map_or_else(|| "-".to_owned(), |token| token.to_string()),
            ),
            Outcome::TurnedAway => ("sold out".to_owned(), "-".to_owned()),
            Outcome::Failed(why) => ("FAILED".to_owned(), why.clone()),
        };
        let Record { replica, item, waited, .. } = &record;
        println!("  {replica:<8} {item:<5} {what:<12} {:>5} ms  {token}", waited.as_millis());
        self.records.push(record);
    }

    /// Prints the totals and the verdict; whether exactly the stock was sold. `left` is what the shelf says, by item.
    pub(crate) fn end(self, left: Vec<u32>) -> Result<bool, Box<dyn Error>> {
        let mut wrong = Vec::new();
        println!("\n  {:<5} {:>6} {:>6} {:>6} {:>9}", "item", "stock", "sold", "left", "sold out");
        for ((item, stock), left) in STOCK.into_iter().zip(left) {
            let sold = self.tokens(item);
            let refused =
                self.count(|record| record.item == item && matches!(record.outcome, Outcome::TurnedAway));
            println!("  {item:<5} {stock:>6} {:>6} {left:>6} {refused:>9}", sold.len());
            if sold.len() > stock as usize {
                wrong.push(format!("OVERSOLD: {} {item} were sold, there were {stock}", sold.len()));
            } else if sold.len() < stock as usize || left > 0 {
                wrong.push(format!("{} of {stock} {item} were sold, {left} are left", sold.len()));
            }
            if !self.unlocked && !sold.is_sorted_by(|earlier, later| earlier < later) {
                wrong.push(format!("the fencing tokens of {item} do not rise from sale to sale"));
            }
        }
        let failed = self.count(|record| matches!(record.outcome, Outcome::Failed(_)));
        if failed > 0 {
            wrong.push(format!("failures: {failed}, see above"));
        }
        let expected = CUSTOMERS as usize * NAMES.len() * STOCK.len();
        let served = self.count(|record| STOCK.iter().any(|(item, _)| record.item == *item));
        if served < expected {
            wrong.push(format!("{} customers were never heard of again", expected - served));
        }
        println!();
        for name in NAMES {
            let sold = self.count(|r| r.replica == name && matches!(r.outcome, Outcome::Sold { .. }));
            let waits = self.records.iter().filter(|r| r.replica == name).map(|r| r.waited);
            let longest = waits.max().unwrap_or(Duration::ZERO).as_millis();
            println!("  {name:<8} sold {sold:>2}, longest wait {longest:>4} ms");
        }
        println!();
        wrong.iter().for_each(|wrong| println!("{wrong}."));
        if wrong.is_empty() {
            println!(
                "Sold = stock, none oversold. Every sale of an item had a higher fencing token than the one before."
            );
            println!("Without the lock: cargo run --example quickstart -- --unlocked");
        }
        Ok(wrong.is_empty())
    }

    fn count(&self, which: impl Fn(&Record) -> bool) -> usize {
        self.records.iter().filter(|record| which(record)).count()
    }

    /// The tokens of an item's sales, in the order of the sales: lines of several processes may arrive in another.
    fn tokens(&self, item: &str) -> Vec<Option<u64>> {
        let mut sales: Vec<_> = self.records.iter().filter(|record| record.item == item).collect();
        sales.sort_by_key(|record| match record.outcome {
            Outcome::Sold { left, .. } => std::cmp::Reverse(left),
            _ => std::cmp::Reverse(0),
        });
        sales
            .into_iter()
            .filter_map(|record| match record.outcome {
                Outcome::Sold { token, .. } => Some(token),
                _ => None,
            })
            .collect()
    }
}
