//! What an error of Redis, or of the connection to it, means for a request.

use ::redis::{ErrorKind, RedisError};

use crate::backend::{Answer, Fault, FaultClass};

/// The class of an error that the server named by `code` (`OOM`, `NOPERM`, ..) with `text` behind it; `None` where the
/// code does not say whether anything was done.
pub(super) fn class_of(code: &str, text: &str) -> Option<FaultClass> {
    match code {
        "NOSCRIPT" | "LOADING" | "BUSY" | "TRYAGAIN" | "MOVED" | "ASK" | "READONLY" | "CLUSTERDOWN"
        | "MASTERDOWN" | "NOREPLICAS" => Some(FaultClass::Transient),
        "OOM" | "MISCONF" | "CROSSSLOT" => Some(FaultClass::Unavailable),
        "NOAUTH" | "WRONGPASS" | "NOPERM" => Some(FaultClass::Refused),
        // A command that a script may not call is reported as a plain error of the script.
        _ if text.contains("NOPERM") || text.contains("ACL") => Some(FaultClass::Refused),
        _ => None,
    }
}

/// How every request of a call that ended with `error` ends.
///
/// A named error was said instead of running the script, so nothing was done. Everything else (a broken connection, a
/// reply that can't be read, an error without a known code) may have come after the script ran: claiming "nothing was
/// done" would leave a lock behind, while "lost" only costs an undo.
pub(super) fn of_call(error: &RedisError) -> Answer {
    match server_class(error) {
        Some(class) => Answer::Failed(Fault::new(class, error.to_string())),
        None if matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) => {
            Answer::Lost(Fault::new(FaultClass::Unavailable, error.to_string()))
        }
        None => Answer::Lost(transient(error)),
    }
}

/// Why a connection could not be opened.
pub(super) fn of_opening(error: &RedisError) -> Fault {
    match server_class(error) {
        Some(class) => Fault::new(class, error.to_string()),
        // The client wraps whatever the server says to AUTH; "still loading" is no wrong password.
        None if error.kind() == ErrorKind::AuthenticationFailed && !is_no_answer_to_a_login(error) => {
            Fault::new(FaultClass::Refused, format!("authentication failed: {error}"))
        }
        // The client leaves out the server's code.
        None if error.to_string().contains("refused to switch database") => {
            let hint = "is there a database of that number, and may the user `+select` it?";
            Fault::new(FaultClass::Refused, format!("{error}; {hint}"))
        }
        None if error.kind() == ErrorKind::RESP3NotSupported => Fault::new(
            FaultClass::Unavailable,
            format!("{error}; grants are pushed over RESP3: what answers there has to know HELLO 3"),
        ),
        None if error.kind() == ErrorKind::InvalidClientConfig => {
            Fault::new(FaultClass::Unavailable, error.to_string())
        }
        None => {
            let text = error.to_string();
            transient(hint_of(&text).map_or_else(|| text.clone(), |hint| format!("{text}; {hint}")))
        }
    }
}

/// What to do about an error of TLS, in its library's words.
fn hint_of(text: &str) -> Option<&'static str> {
    const HINTS: [(&str, &str); 2] = [
        (
            "CertificateRequired",
            "the server wants a certificate of the client too: connect with one that the server's authority has signed",
        ),
        ("InvalidContentType", "the server does not speak TLS there: write redis:// for rediss://"),
    ];
    HINTS.iter().find(|(words, _)| text.contains(words)).map(|(_, hint)| *hint)
}

/// Whether what came in answer to the login, the first command, has nothing to do with it.
fn is_no_answer_to_a_login(error: &RedisError) -> bool {
    const OTHERS: [&str; 4] = ["LOADING", "max number of clients", "DENIED", "MASTERDOWN"];
    let text = error.to_string();
    OTHERS.iter().any(|other| text.contains(other))
}

/// Trouble that passes by itself.
pub(super) fn transient(reason: impl std::fmt::Display) -> Fault {
    Fault::new(FaultClass::Transient, reason.to_string())
}

/// Whether the server does not let this user do what was asked.
pub(super) fn is_refusal(error: &RedisError) -> bool {
    server_class(error) == Some(FaultClass::Refused)
}

/// Whether the server, or a proxy in front of it, lives and does not answer this command: the user may not use it, or it is
/// not there (renamed, disabled, unknown), in whatever words that is said. Not a trouble that passes, and no missing login.
pub(super) fn is_declined(error: &RedisError) -> bool {
    if !matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) {
        return false;
    }
    match server_class(error) {
        None => true,
        Some(FaultClass::Refused) => !matches!(error.code(), Some("NOAUTH" | "WRONGPASS")),
        Some(_) => false,
    }
}

fn server_class(error: &RedisError) -> Option<FaultClass> {
    match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension => {
            class_of(error.code().unwrap_or_default(), error.detail().unwrap_or_default())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ::redis::{ErrorKind, RedisError, parse_redis_value};

    use super::*;

    fn said(line: &str) -> RedisError {
        match parse_redis_value(format!("-{line}\r\n").as_bytes()) {
            Ok(::redis::Value::ServerError(error)) => error.into(),
            other => panic!("not an error: {other:?}"),
        }
    }

    #[test]
    fn every_named_error_has_its_class() {
        for (line, class) in [
            ("NOSCRIPT No matching script", FaultClass::Transient),
            ("LOADING Redis is loading the dataset in memory", FaultClass::Transient),
            ("BUSY Redis is busy running a script", FaultClass::Transient),
            ("TRYAGAIN Multiple keys request during rehashing of slot", FaultClass::Transient),
            ("MOVED 3999 127.0.0.1:6381", FaultClass::Transient),
            ("READONLY You can't write against a read only replica.", FaultClass::Transient),
            ("CLUSTERDOWN Hash slot not served", FaultClass::Transient),
            ("MASTERDOWN Link with MASTER is down", FaultClass::Transient),
            ("OOM command not allowed when used memory > 'maxmemory'.", FaultClass::Unavailable),
            ("MISCONF Redis is configured to save RDB snapshots", FaultClass::Unavailable),
            ("NOREPLICAS Not enough good replicas to write.", FaultClass::Transient),
            ("NOAUTH Authentication required.", FaultClass::Refused),
            ("WRONGPASS invalid username-password pair", FaultClass::Refused),
            ("NOPERM this user has no permissions to run the 'evalsha' command", FaultClass::Refused),
            (
                "ERR The user executing the script can't run this command or subcommand script: ACL",
                FaultClass::Refused,
            ),
        ] {
            match of_call(&said(line)) {
                Answer::Failed(fault) => assert_eq!(fault.class, class, "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_command_that_is_not_answered_is_told_from_a_server_that_is_not_ready() {
        for line in [
            "ERR unknown command 'INFO', with args beginning with: ",
            "ERR command not allowed",
            "unsupported command",
            "NOPERM this user has no permissions to run the 'info' command",
        ] {
            assert!(is_declined(&said(line)), "{line}");
        }
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "BUSY Redis is busy running a script",
            "MASTERDOWN Link with MASTER is down",
            "NOAUTH Authentication required.",
            "WRONGPASS invalid username-password pair",
        ] {
            assert!(!is_declined(&said(line)), "{line}");
        }
        assert!(!is_declined(&RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe))));
    }

    #[test]
    fn what_proves_nothing_is_lost() {
        let broken = RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        let odd = RedisError::from((ErrorKind::Parse, "odd reply"));
        for error in [broken, odd, said("ERR something new"), said("WRONGTYPE in a script")] {
            assert!(matches!(of_call(&error), Answer::Lost(_)), "{error}");
        }
    }
}
