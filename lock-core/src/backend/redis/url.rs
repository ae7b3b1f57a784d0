//! Connection URLs: what is understood, and what is said about the rest. The text of a URL never goes into an error,
//! since it may hold a password.

use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError};

use super::sentinel::{self, Service};
use crate::error::LockError;

const EXAMPLES: &str = "write redis://[user:password@]host[:port][/db], rediss://.. for TLS, \
                        unix:///path/to/socket[?db=0&user=..&pass=..], \
                        redis-sentinel://[user:password@]host[:port][,host[:port]..]/master-name[/db], \
                        redis-cluster://[user:password@]host:port[,host:port..], or memory: for no server";

/// What a URL describes.
pub(super) struct Described {
    pub(super) info: ConnectionInfo,
    /// Who knows where the server is, if `info` does not.
    pub(super) service: Option<Service>,
}

/// The server that `url` describes.
pub(super) fn parse(url: &str) -> Result<Described, LockError> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err(wrong("the lock server's URL has no scheme"));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "redis-sentinel" | "valkey-sentinel" => through_sentinels(rest, false),
        "rediss-sentinel" | "valkeys-sentinel" if cfg!(feature = "tls") => through_sentinels(rest, true),
        "rediss-sentinel" | "valkeys-sentinel" => Err(without_tls("rediss-sentinel://")),
        _ => Ok(Described { info: one_server(url)?, service: None }),
    }
}

fn through_sentinels(rest: &str, tls: bool) -> Result<Described, LockError> {
    let (info, service) = sentinel::parse(rest, tls)?;
    Ok(Described { info, service: Some(service) })
}

fn one_server(url: &str) -> Result<ConnectionInfo, LockError> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err(wrong("the lock server's URL has no scheme"));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "redis" | "valkey" => understood(url),
        "rediss" | "valkeys" => tls(url),
        "unix" | "redis+unix" | "valkey+unix" => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if !path.starts_with('/') {
                return Err(wrong("the path of the unix socket is not absolute"));
            }
            understood(&format!("redis+unix://{path}"))
        }
        unknown if is_scheme(unknown) && rest.starts_with("//") => {
            Err(wrong(&format!("the lock server's URL has the unknown scheme `{unknown:.20}`")))
        }
        _ => Err(wrong("the lock server's URL has no scheme")),
    }
}

fn tls(url: &str) -> Result<ConnectionInfo, LockError> {
    if cfg!(feature = "tls") { understood(url) } else { Err(without_tls("rediss://")) }
}

fn without_tls(scheme: &str) -> LockError {
    wrong(&format!("{scheme} needs TLS, which is not compiled in: enable the feature `tls` of `lock-core`"))
}

pub(super) fn understood(url: &str) -> Result<ConnectionInfo, LockError> {
    let info = url.into_connection_info().map_err(|error| wrong(reason(&error)))?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
        return Err(wrong("`#insecure`, TLS with whoever answers, is not offered"));
    }
    if info.redis_settings().db() < 0 {
        return Err(wrong("the database in the lock server's URL is negative"));
    }
    Ok(info)
}

/// The fixed part of the client's message; the detail could quote the URL.
fn reason(error: &RedisError) -> &'static str {
    let text = error.to_string();
    const KNOWN: [(&str, &str); 6] = [
        ("database", "the database in the lock server's URL is no number"),
        ("hostname", "the lock server's URL has no host"),
        ("wildcard", "the lock server's URL names a wildcard address, which can't be connected to"),
        ("path", "the lock server's URL has no path"),
        ("UTF-8", "user or password in the lock server's URL are not UTF-8"),
        ("protocol", "the lock server's URL has an unknown `protocol`"),
    ];
    KNOWN.iter().find_map(|(word, said)| text.contains(word).then_some(*said)).unwrap_or(
        "the lock server's URL can't be parsed; percent-encode special characters of user and password",
    )
}

/// Whether this may be quoted: in `password@host:6379`, too, something stands in front of the first colon.
fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+.-".contains(&b))
}

pub(super) fn wrong(what: &str) -> LockError {
    LockError::Config { message: format!("{what}; {EXAMPLES}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_url_arrive() {
        let info = one_server("redis://app:p%40ss@db.example:7000/3").unwrap();
        assert_eq!(info.addr(), &ConnectionAddr::Tcp("db.example".into(), 7000));
        assert_eq!(info.redis_settings().username(), Some("app"));
        assert_eq!(info.redis_settings().password(), Some("p@ss"));
        assert_eq!(info.redis_settings().db(), 3);
        for url in ["unix:/run/r.sock?db=2", "unix:///run/r.sock?db=2", "redis+unix:///run/r.sock?db=2"] {
            let info = one_server(url).unwrap();
            assert_eq!(info.addr(), &ConnectionAddr::Unix("/run/r.sock".into()), "{url}");
            assert_eq!(info.redis_settings().db(), 2);
        }
    }

    #[test]
    fn a_wrong_url_says_what_to_write_and_never_the_password() {
        for url in [
            "127.0.0.1",
            "127.0.0.1:6379",
            "http://user:secret@host",
            "redis://user:secret@",
            "redis://user:secret@host:notaport",
            "redis://user:secret@host/secret",
            "redis://user:secret@host/-1",
            "redis://user:sec/ret@host",
            "unix:relative/secret",
            "secret@redis.internal:6379",
            "secret:6379",
            "user:secret@redis.internal:6379",
            "//secret@redis.internal:6379",
            "secret@redis.internal://6379",
            "",
        ] {
            let text = parse(url).map(|_| ()).unwrap_err().to_string();
            assert!(text.contains("redis://"), "{url}: {text}");
            assert!(!text.contains("secret") && !text.contains("sec/ret"), "{url}: {text}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn tls_with_anybody_is_not_offered() {
        for url in ["rediss://user:secret@host/#insecure", "rediss-cluster://user:secret@host/#insecure"] {
            let text = super::super::RedisConfig::parse(url).unwrap_err().to_string();
            assert!(text.contains("#insecure") && !text.contains("secret"), "{url}: {text}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn tls_without_its_feature_names_the_feature() {
        for url in ["rediss://host", "rediss-sentinel://host/m"] {
            let text = parse(url).map(|_| ()).unwrap_err().to_string();
            assert!(text.contains("feature `tls`"), "{url}: {text}");
        }
    }
}
