//! The one table of arguments.

use syn::{Expr, Ident};

use super::kind::{self, Meaning};
use super::{Arguments, busy, read};
use crate::errors::Errors;
use crate::suggest::{closest, plain};

/// Puts a value into its place, or reports why it can't be.
pub(super) type Read = fn(&mut Arguments, Ident, Expr, &mut Errors);

/// What is known about one argument.
pub(super) struct Argument {
    pub(super) name: &'static str,
    /// What messages show as right.
    pub(super) example: &'static str,
    pub(super) read: Read,
    /// What other lock frameworks call it, without case and underscores.
    also: &'static [&'static str],
}

impl AsRef<str> for Argument {
    fn as_ref(&self) -> &str {
        self.name
    }
}

#[rustfmt::skip] // one argument, one row
static TABLE: [Argument; 18] = [
    Argument { name: "prefix", example: r#"prefix = "order""#, read: read::prefix,
        also: &["keyprefix", "lockprefix", "locknameprefix", "group"] },
    Argument { name: "name", example: r#"name = "nightly""#, read: read::name,
        also: &["lockname", "lock", "resource", "id", "lockid", "value"] },
    Argument { name: "key", example: r#"key = "order_id""#, read: read::key,
        also: &["lockkey", "on", "by", "param", "arg"] },
    Argument { name: "keys", example: r#"keys = "items.iter().map(|i| i.sku)""#, read: read::keys,
        also: &["multi", "multilock", "lockkeys"] },
    Argument { name: "key_generator", example: "key_generator = ByTenant", read: read::key_generator,
        also: &["generator", "keygen", "keybuilder", "keyresolver", "keystrategy"] },
    Argument { name: "kind", example: r#"kind = "fair""#, read: read::kind,
        also: &["locktype", "type", "mode", "fair", "fifo", "read", "shared", "write", "red", "redlock", "reentrant",
            "mutex"] },
    Argument { name: "wait", example: r#"wait = "3s""#, read: read::wait,
        also: &["timeout", "waittime", "waittimeout", "acquiretimeout", "locktimeout", "maxwait", "trylock", "nowait",
            "retry", "retries", "retryinterval", "blocking"] },
    Argument { name: "expire", example: r#"expire = "30s""#, read: read::expire,
        also: &["ttl", "lease", "leasetime", "expiretime", "expiry", "expiration", "expireafter", "duration",
            "lockatmostfor", "atmost", "px", "ex"] },
    Argument { name: "renew", example: "renew = false", read: read::renew,
        also: &["autorenew", "renewal", "autoextend", "extend", "watchdog", "keepalive", "heartbeat", "refresh"] },
    Argument { name: "max_hold", example: r#"max_hold = "10m""#, read: read::max_hold,
        also: &["maxholdtime", "holdatmost", "maxlease", "maxrenew"] },
    Argument { name: "hold_at_least", example: r#"hold_at_least = "5s""#, read: read::hold_at_least,
        also: &["lockatleastfor", "atleast", "minhold", "autorelease", "autounlock", "cooldown"] },
    Argument { name: "delimiter", example: r#"delimiter = ":""#, read: read::delimiter,
        also: &["separator", "sep", "joiner", "delim"] },
    Argument { name: "on_busy", example: r#"on_busy = "skip""#, read: busy::on_busy,
        also: &["fallback", "onfail", "onfailure", "onconflict", "oncontention", "failstrategy", "lockfailurestrategy",
            "skip", "skipiflocked", "otherwise"] },
    Argument { name: "on_lost", example: r#"on_lost = "finish""#, read: read::on_lost,
        also: &["onloss", "onexpire", "onexpired", "releasetimeoutstrategy"] },
    Argument { name: "when", example: r#"when = "amount > 100""#, read: read::when,
        also: &["condition", "if", "iff", "unless", "enabled"] },
    Argument { name: "guard", example: "guard = held", read: read::guard,
        also: &["held", "hold", "token", "fence", "fencingtoken", "bind", "handle"] },
    Argument { name: "locks", example: "locks = self.locks", read: read::locks,
        also: &["manager", "lockmanager", "client", "backend", "support", "store", "redis", "executor"] },
    Argument { name: "crate", example: "crate = ::lock_core", read: read::krate,
        also: &["cratepath", "path"] },
];

/// A word that is no argument.
pub(super) struct Unknown {
    pub(super) message: String,
    /// The argument that was probably meant.
    pub(super) meant: Option<&'static str>,
}

/// The argument called `name`.
///
/// # Errors
///
/// What to write instead: the argument that a misspelling or another framework's word means, or the list of all.
pub(super) fn find(name: &str) -> Result<&'static Argument, Unknown> {
    if let Some(argument) = TABLE.iter().find(|argument| argument.name == name) {
        return Ok(argument);
    }
    let word = plain(name);
    if let Some(hint) = particular(&word) {
        return Err(Unknown { message: format!("unknown argument `{name}`: {hint}"), meant: None });
    }
    let by_other_name = TABLE.iter().find(|argument| argument.also.contains(&word.as_str()));
    let meant = by_other_name.or_else(|| closest(name, &TABLE));
    let message = match meant {
        Some(meant) => format!(
            "unknown argument `{name}`: did you mean `{}`, as in `{}`?",
            meant.name,
            example(meant, &word)
        ),
        None => format!("unknown argument `{name}`: the arguments are {}", all()),
    };
    Err(Unknown { message, meant: meant.map(|meant| meant.name) })
}

/// What shows `argument` as right; where `word` is a kind's, with that kind.
fn example(argument: &Argument, word: &str) -> String {
    match kind::meaning(word) {
        Some(Meaning::Kind(kind)) if argument.name == "kind" => format!("kind = \"{}\"", kind.word()),
        _ => argument.example.to_owned(),
    }
}

/// Words whose meaning needs more than another name.
fn particular(word: &str) -> Option<&'static str> {
    Some(match word {
        "timeunit" | "unit" => "a duration carries its unit, as in `wait = \"3s\"`",
        "namespace" => "the namespace belongs to the manager: set it when the `LockManager` is built",
        "retry" | "retries" | "retryinterval" | "retrydelay" | "retrycount" => {
            "nothing is retried, a waiting call is handed the lock: say how long to wait with `wait = \"3s\"`"
        }
        "trylock" | "try" | "tryonce" | "nowait" | "nonblocking" => "to try once write `wait = \"0s\"`",
        "rw" | "rwlock" | "readwrite" | "readwritelock" => {
            "write `kind = \"read\"` on what reads and `kind = \"write\"` on what writes"
        }
        "lockuuid" | "uuid" | "owner" | "ownerid" => {
            "the owner of each hold is made anew by the framework: leave it out"
        }
        _ => return None,
    })
}

fn all() -> String {
    let names: Vec<_> = TABLE.iter().map(|argument| format!("`{}`", argument.name)).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        match find(name) {
            Ok(argument) => panic!("{name} is {}", argument.name),
            Err(unknown) => unknown.message,
        }
    }

    #[test]
    fn words_of_other_frameworks_are_understood() {
        for (word, meant) in [
            ("ttl", "expire"),
            ("lease", "expire"),
            ("lease_time", "expire"),
            ("leaseTime", "expire"),
            ("expireTime", "expire"),
            ("lock_at_most_for", "expire"),
            ("timeout", "wait"),
            ("wait_time", "wait"),
            ("waitTime", "wait"),
            ("lock_name_prefix", "prefix"),
            ("separator", "delimiter"),
            ("watchdog", "renew"),
            ("manager", "locks"),
            ("multi_lock", "keys"),
            ("lock_type", "kind"),
            ("type", "kind"),
            ("condition", "when"),
            ("auto_release", "hold_at_least"),
            ("lock_at_least_for", "hold_at_least"),
            ("fallback", "on_busy"),
            ("skip_if_locked", "on_busy"),
            ("max_hld", "max_hold"),
            ("keygen", "key_generator"),
        ] {
            let message = refusal(word);
            assert!(message.contains(&format!("did you mean `{meant}`")), "{word}: {message}");
        }
    }

    #[test]
    fn the_word_of_a_kind_becomes_that_kind() {
        for (word, kind) in [
            ("read", "read"),
            ("shared", "read"),
            ("redlock", "red"),
            ("fifo", "fair"),
            ("mutex", "reentrant"),
        ] {
            let message = refusal(word);
            assert!(message.contains(&format!("as in `kind = \"{kind}\"`")), "{word}: {message}");
        }
        assert!(refusal("lock_type").contains("as in `kind = \"fair\"`"));
        assert!(refusal("rw_lock").contains("`kind = \"read\"` on what reads"));
    }

    #[test]
    fn slips_are_corrected_and_nonsense_gets_the_list() {
        assert!(refusal("prefx").contains("did you mean `prefix`"));
        assert!(refusal("expires").contains("did you mean `expire`"));
        assert!(
            refusal("zebra")
                .contains("the arguments are `prefix`, `name`, `key`, `keys`, `key_generator`, `kind`")
        );
        assert!(refusal("time_unit").contains("carries its unit"));
    }

    #[test]
    fn no_word_means_two_arguments() {
        let mut words: Vec<_> = TABLE.iter().flat_map(|a| a.also.iter().copied()).collect();
        words.extend(TABLE.iter().map(|argument| argument.name));
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }
}
