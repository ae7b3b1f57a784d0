//! Did you mean.

/// The candidate that `word` is a likely misspelling of, if there is one.
pub(crate) fn closest<'a, T: AsRef<str>>(word: &str, candidates: &'a [T]) -> Option<&'a T> {
    let word = plain(word);
    // One slip in a short word, two in a longer one: `ky` is `key`, but `by` is not `wait`.
    let allowed = if word.chars().count() < 5 { 1 } else { 2 };
    let (mut least, mut closest) = (allowed + 1, None);
    for candidate in candidates {
        let name = candidate.as_ref();
        let distance = distance(&word, &plain(name));
        if distance < least && distance < name.chars().count() {
            (least, closest) = (distance, Some(candidate));
        }
    }
    closest
}

/// `waitTime`, `wait_time`, `wait-time` and `WAIT_TIME` are one word to somebody who comes from another framework.
pub(crate) fn plain(word: &str) -> String {
    let mut word = word.to_lowercase();
    word.retain(|c| !matches!(c, '_' | '-' | ' '));
    word
}

/// Insertions, deletions, substitutions and swaps of neighbours that make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_understood() {
        let names = ["prefix", "name", "key", "wait", "expire"];
        assert_eq!(closest("prefx", &names), Some(&"prefix"));
        assert_eq!(closest("perfix", &names), Some(&"prefix"));
        assert_eq!(closest("expires", &names), Some(&"expire"));
        assert_eq!(closest("ky", &names), Some(&"key"));
        assert_eq!(closest("Wait", &names), Some(&"wait"));
        assert_eq!(closest("zebra", &names), None);
        assert_eq!(closest("id", &["a"]), None);
    }
}
