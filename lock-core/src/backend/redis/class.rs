//! What an error that a server reports is a case of.

use crate::backend::FaultClass;

/// The words by which an error is known, wherever in its text they stand: inside a script Redis 6.2 puts the script's
/// name and line in front of the code, and 7.0 replaces `NOPERM` by a sentence. Refusals come first: they alone quote the
/// names of users and keys, which may be any of these words.
const WORDS: [(&str, FaultClass); 24] = [
    ("NOPERM", FaultClass::Refused),
    ("ACL failure", FaultClass::Refused),
    ("The user executing the script can't", FaultClass::Refused),
    ("NOAUTH", FaultClass::Refused),
    ("WRONGPASS", FaultClass::Refused),
    // The name of the counter's key follows.
    ("COUNTER", FaultClass::Unavailable),
    ("FOREIGN", FaultClass::Foreign),
    ("WRONGTYPE", FaultClass::Foreign),
    ("OOM", FaultClass::Unavailable),
    ("MISCONF", FaultClass::Unavailable),
    ("NOREPLICAS", FaultClass::Transient),
    ("READONLY", FaultClass::Transient),
    ("LOADING", FaultClass::Transient),
    ("BUSY", FaultClass::Transient),
    ("TRYAGAIN", FaultClass::Transient),
    ("MOVED", FaultClass::Transient),
    ("ASK", FaultClass::Transient),
    ("CLUSTERDOWN", FaultClass::Transient),
    ("MASTERDOWN", FaultClass::Transient),
    ("UNBLOCKED", FaultClass::Transient),
    ("NOSCRIPT", FaultClass::Transient),
    ("CROSSSLOT", FaultClass::Unavailable),
    // A script may not make a key anew that it has removed from a slot that is moving: it has to be made at the new node.
    ("Script attempted to access a non local key", FaultClass::Transient),
    ("Lua script attempted to access a non local key", FaultClass::Transient),
];

/// The class of an error with this text. What is not known needs somebody's eye: it is not tried again.
pub(crate) fn class_of(text: &str) -> FaultClass {
    known(text).map_or(FaultClass::Unavailable, |(_, class)| class)
}

/// Whether an error with this text will meet every request on this connection, while another connection may be better:
/// the server was demoted, or wants a login that this connection has not.
pub(super) fn is_of_connection(text: &str) -> bool {
    matches!(known(text), Some(("READONLY" | "NOAUTH" | "MASTERDOWN", _)))
}

/// Whether an error with this text is said by nodes of a cluster alone.
pub(super) fn is_of_cluster(text: &str) -> bool {
    matches!(known(text), Some(("CROSSSLOT" | "MOVED" | "CLUSTERDOWN", _)))
        || ["CrossSlot", "Moved", "ClusterDown"].iter().any(|kind| text.starts_with(kind))
}

fn known(text: &str) -> Option<(&'static str, FaultClass)> {
    WORDS.iter().find(|(word, _)| stands_in(text, word)).copied()
}

/// Whether `words` stands in `text` as such: the name of a lock called `ROOM` is no `OOM`.
fn stands_in(text: &str, words: &str) -> bool {
    let part_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(words).any(|(at, _)| {
        !part_of_word(text[..at].chars().next_back())
            && !part_of_word(text[at + words.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demoted_master_is_left_and_others_are_not() {
        for text in [
            "READONLY You can't write against a read only replica.",
            "@user_script: 12: -READONLY You can't write against a read only replica.",
            "NOAUTH Authentication required.",
            "MASTERDOWN Link with MASTER is down",
        ] {
            assert!(is_of_connection(text), "{text}");
        }
        for text in
            ["OOM command not allowed", "NOPERM User a has no permissions to access the 'READONLY' key"]
        {
            assert!(!is_of_connection(text), "{text}");
        }
    }

    #[test]
    fn an_error_is_known_by_its_word_wherever_it_stands() {
        let cases = [
            ("OOM command not allowed when used memory > 'maxmemory'.", FaultClass::Unavailable),
            ("@user_script: 12: -MISCONF Redis is configured to save", FaultClass::Unavailable),
            ("WRONGTYPE Operation against a key", FaultClass::Foreign),
            ("READONLY You can't write against a read only replica.", FaultClass::Transient),
            ("The user executing the script can't run this command", FaultClass::Refused),
            ("ERR ACL failure in script: User a has no permissions", FaultClass::Refused),
            ("ERR ACL failure in script: no permissions to access LOCK:ROOM", FaultClass::Refused),
            (
                "ERR ACL failure in script: User OOM has no permissions to access the 'LOCK:READONLY' key",
                FaultClass::Refused,
            ),
            ("NOPERM User WRONGTYPE has no permissions to access the 'FOREIGN' key", FaultClass::Refused),
            ("ERR something never seen", FaultClass::Unavailable),
        ];
        for (text, class) in cases {
            assert_eq!(class_of(text), class, "{text}");
        }
    }
}
