//! `redis-cluster://[user:password@]host[:port][,host[:port]..][?options]`: one URL for each node, as if it were alone.

use ::redis::{ConnectionAddr, ConnectionInfo};

use super::super::errand::Node;
use super::super::url;
use crate::error::LockError;

/// How to log in to any node, and the nodes that the URL names; `None` for a URL that is no cluster's.
pub(in super::super) fn parse(text: &str) -> Result<Option<(ConnectionInfo, Vec<Node>)>, LockError> {
    let Some((scheme, rest)) = text.split_once(':') else { return Ok(None) };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "redis-cluster" | "valkey-cluster" => "redis",
        "rediss-cluster" | "valkeys-cluster" => "rediss",
        _ => return Ok(None),
    };
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(wrong("the cluster's URL has no `//` behind its scheme"));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, options) = rest.split_at(end);
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    let mut first = None;
    let mut nodes = Vec::new();
    for host in hosts.split(',') {
        let info = url::parse(&format!("{scheme}://{login}{host}{options}"))
            .map_err(|error| wrong(&reason(&error)))?
            .info;
        if info.redis_settings().db() != 0 {
            return Err(wrong("a cluster has no database but 0"));
        }
        let node = match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Node::at(host, *port)
            }
            _ => return Err(wrong("a node of a cluster is a host and a port")),
        };
        if !nodes.contains(&node) {
            nodes.push(node);
        }
        first.get_or_insert(info);
    }
    Ok(first.map(|info| (info, nodes)))
}

/// What is wrong with one node's URL, without what to write for a single server.
fn reason(error: &LockError) -> String {
    let text = match error {
        LockError::Config { message } => message.as_str(),
        _ => "the cluster's URL can't be parsed",
    };
    text.split(';').next().unwrap_or_default().to_owned()
}

fn wrong(what: &str) -> LockError {
    const EXAMPLE: &str =
        "write redis-cluster://[user:password@]host:port[,host:port..], rediss-cluster://.. for TLS";
    LockError::Config { message: format!("{what}; {EXAMPLE}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_the_same_login() {
        let (info, nodes) = parse("redis-cluster://app:p%40ss@one:7000,two:7001,one:7000/").unwrap().unwrap();
        assert_eq!(nodes, [Node::at("one", 7000), Node::at("two", 7001)]);
        assert_eq!(info.redis_settings().username(), Some("app"));
        assert_eq!(info.redis_settings().password(), Some("p@ss"));
        let (_, nodes) = parse("redis-cluster://one").unwrap().unwrap();
        assert_eq!(nodes, [Node::at("one", 6379)]);
        assert!(parse("redis://one:7000").unwrap().is_none());
        assert!(parse("memory:").unwrap().is_none());
    }

    #[test]
    fn a_wrong_url_says_what_to_write_and_never_the_password() {
        for url in [
            "redis-cluster:user:secret@host",
            "redis-cluster://",
            "redis-cluster://user:secret@",
            "redis-cluster://user:secret@one:7000,",
            "redis-cluster://user:secret@one:7000,two:secret",
            "redis-cluster://user:secret@one:7000/3",
            "redis-cluster://user:secret@one:7000/secret",
        ] {
            let text = parse(url).unwrap_err().to_string();
            assert!(text.contains("redis-cluster://[user"), "{url}: {text}");
            assert!(!text.contains("secret"), "{url}: {text}");
        }
    }
}
