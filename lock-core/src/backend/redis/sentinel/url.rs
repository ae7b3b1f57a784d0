//! `redis-sentinel://[user:password@]host[:port][,host[:port]..]/master-name[/db][?sentinel_user=..&sentinel_pass=..]`

use ::redis::{ConnectionAddr, ConnectionInfo};

use super::super::url::{understood, wrong};
use crate::error::LockError;

const PORT: u16 = 26379;

/// A master that sentinels know by a name.
#[derive(Clone)]
pub(crate) struct Service {
    /// What the sentinels call it.
    pub(crate) name: String,
    /// Where they are, and the login there.
    pub(crate) sentinels: Vec<ConnectionInfo>,
}

/// What stands behind `scheme://`: the login, the database and TLS of a master whose address is not known yet, and who
/// knows it.
pub(crate) fn parse(rest: &str, tls: bool) -> Result<(ConnectionInfo, Service), LockError> {
    let rest = rest.strip_prefix("//").ok_or_else(|| wrong("the URL has no `//` behind its scheme"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    let (name, db) = path.split_once('/').unwrap_or((path, ""));
    let sentinel_login = sentinel_login(query)?;
    if hosts.is_empty() {
        return Err(wrong("the sentinel URL names no sentinel"));
    }
    if name.is_empty() {
        return Err(wrong(
            "the sentinel URL does not name the master: add what `sentinel monitor` calls it behind the hosts, `/mymaster`",
        ));
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
        return Err(wrong("the master's name in the sentinel URL is none: letters, digits, `.`, `-`, `_`"));
    }
    let scheme = if tls { "rediss" } else { "redis" };
    let sentinels = hosts
        .split(',')
        .map(|host| sentinel(scheme, &sentinel_login, host.trim()))
        .collect::<Result<Vec<_>, _>>()?;
    // Only the host is made up: it is replaced by what the sentinels say.
    let master = understood(&format!("{scheme}://{login}master.invalid/{db}"))?;
    Ok((master, Service { name: name.to_owned(), sentinels }))
}

fn sentinel(scheme: &str, login: &str, host: &str) -> Result<ConnectionInfo, LockError> {
    let port_of = |text: &str| text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    // The colons of an IPv6 address stand in brackets.
    match port_of(host.rsplit(']').next().unwrap_or_default()) {
        _ if host.is_empty() => Err(wrong("the sentinel URL has an empty host between two commas")),
        Some(Ok(_)) => understood(&format!("{scheme}://{login}{host}/")),
        Some(Err(_)) => Err(wrong("the port of a sentinel is no number")),
        None => understood(&format!("{scheme}://{login}{host}:{PORT}/")),
    }
}

/// The login of the sentinels themselves, as it stands in front of a host.
fn sentinel_login(query: &str) -> Result<String, LockError> {
    let (mut user, mut password) = (String::new(), None);
    for (key, value) in query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    {
        match key {
            "sentinel_user" => user = as_login(value),
            "sentinel_pass" => password = Some(as_login(value)),
            _ => {
                return Err(wrong(
                    "the sentinel URL has an unknown option: there are `sentinel_user` and `sentinel_pass`",
                ));
            }
        }
    }
    match password {
        Some(password) => Ok(format!("{user}:{password}@")),
        None if user.is_empty() => Ok(String::new()),
        None => Err(wrong("the sentinel URL has a `sentinel_user` without `sentinel_pass`")),
    }
}

/// What may stand unescaped in an option, but not in front of a host.
fn as_login(value: &str) -> String {
    value.replace(':', "%3A").replace('/', "%2F").replace('@', "%40")
}

/// The same connection, to a master whose address is known.
pub(super) fn at(address: &ConnectionAddr, (host, port): (String, u16)) -> ConnectionAddr {
    match address {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
        }
        _ => ConnectionAddr::Tcp(host, port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> (ConnectionInfo, Service) {
        parse(url.strip_prefix("redis-sentinel:").unwrap(), false).unwrap()
    }

    #[test]
    fn the_parts_of_a_url_arrive() {
        let (master, service) = parsed(
            "redis-sentinel://app:p%40ss@one,two:7000,[::1]:7001,[::1]/my-master.1/3?sentinel_user=s&sentinel_pass=a@b%2F+c",
        );
        assert_eq!(master.redis_settings().username(), Some("app"));
        assert_eq!(master.redis_settings().password(), Some("p@ss"));
        assert_eq!(master.redis_settings().db(), 3);
        assert_eq!(service.name, "my-master.1");
        let addresses: Vec<_> =
            service.sentinels.iter().map(|sentinel| sentinel.addr().to_string()).collect();
        assert_eq!(addresses, ["one:26379", "two:7000", "::1:7001", "::1:26379"]);
        for sentinel in &service.sentinels {
            assert_eq!(sentinel.redis_settings().username(), Some("s"));
            assert_eq!(sentinel.redis_settings().password(), Some("a@b/+c"));
            assert_eq!(sentinel.redis_settings().db(), 0);
        }
        assert_eq!(at(master.addr(), ("10.0.0.1".into(), 1)), ConnectionAddr::Tcp("10.0.0.1".into(), 1));
    }

    #[test]
    fn the_logins_of_master_and_sentinels_are_told_apart() {
        let (master, service) = parsed("redis-sentinel://:secret@one/m");
        assert_eq!(master.redis_settings().password(), Some("secret"));
        assert_eq!(service.sentinels[0].redis_settings().password(), None);
        let (master, service) = parsed("redis-sentinel://one/m?sentinel_pass=secret");
        assert_eq!(master.redis_settings().password(), None);
        assert_eq!(service.sentinels[0].redis_settings().password(), Some("secret"));
        assert_eq!(service.sentinels[0].redis_settings().username(), None);
    }

    #[test]
    fn a_wrong_url_says_what_to_write_and_never_the_password() {
        for (url, said) in [
            ("//user:secret@one:26379", "does not name the master"),
            ("//user:secret@one:26379/", "does not name the master"),
            ("//user:secret@/m", "names no sentinel"),
            ("//user:secret@one,,two/m", "empty host"),
            ("//user:secret@one:secret/m", "port"),
            ("//user:sec/ret@one/m", "port"),
            ("//user:secret@one/m/secret", "database"),
            ("//user:secret@one/secret!", "letters"),
            ("//one/m?sentinel_user=secret", "sentinel_pass"),
            ("//one/m?secret=1", "unknown option"),
            ("one/secret", "//"),
        ] {
            let text = parse(url, false).map(|_| ()).unwrap_err().to_string();
            assert!(text.contains(said) && text.contains("redis-sentinel://"), "{url}: {text}");
            assert!(!text.contains("secret") && !text.contains("sec/ret"), "{url}: {text}");
        }
    }
}
