//! What a server tells about itself.

use ::redis::Value;

use super::fault;
use crate::backend::bounds;
use crate::backend::{Fault, Generation};

/// The oldest version that has everything the scripts use.
const OLDEST: (u32, u32) = (6, 2);

/// What is wrong with one node of a cluster as the server of a URL.
pub(super) const IN_CLUSTER: &str = "the server is part of a cluster, which one connection can't serve: write \
                                     redis-cluster://host:port (rediss-cluster:// for TLS)";

/// What INFO and ROLE said; everything is unknown where the user may not ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) version: Option<String>,
    run_id: Option<String>,
    role: Option<String>,
    cluster: bool,
    eviction: Option<String>,
    looked: bool,
}

impl Server {
    /// Adds what INFO said.
    pub(super) fn with_info(mut self, info: Option<&Value>) -> Self {
        let Some(text) = info.and_then(|value| ::redis::from_redis_value_ref::<String>(value).ok()) else {
            return self;
        };
        self.looked = true;
        for (field, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let value = &bounds::word(value.trim());
            match field {
                "redis_version" => self.version = Some(value.to_owned()),
                "run_id" => self.run_id = Some(value.to_owned()),
                "role" => self.role = Some(value.to_owned()),
                "redis_mode" => self.cluster |= value == "cluster",
                "cluster_enabled" => self.cluster |= value == "1",
                "maxmemory_policy" => self.eviction = Some(value.to_owned()),
                _ => {}
            }
        }
        self
    }

    /// Adds what ROLE said.
    pub(super) fn with_role(mut self, role: Option<&Value>) -> Self {
        if let Some(Value::Array(parts)) = role
            && let Some(first) = parts.first().and_then(|part| ::redis::from_redis_value_ref(part).ok())
        {
            self.role = Some(first);
        }
        self
    }

    pub(super) fn run_id(&self) -> Option<&str> {
        self.run_id.as_deref()
    }

    /// Whether it said that it is a master.
    pub(super) fn is_master(&self) -> bool {
        self.role.as_deref() == Some("master")
    }

    /// The life of the server: so many digits of its run id as travel with each call and each grant.
    pub(super) fn generation(&self) -> Generation {
        self.run_id.as_deref().map_or(Generation::UNKNOWN, generation_of)
    }

    /// A replica would refuse the writes, or worse, be a master that was demoted a moment ago.
    pub(super) fn must_be_master(&self) -> Result<(), Fault> {
        match self.role.as_deref() {
            None | Some("master") => Ok(()),
            Some(role) => {
                Err(fault::transient(format!("READONLY the server is a {role}, and locks need the master")))
            }
        }
    }

    /// What makes this server unfit for good, for people. `in_cluster`: it was reached as one of a cluster.
    pub(super) fn unfit(&self, in_cluster: bool) -> Option<String> {
        if self.cluster && !in_cluster {
            return Some(IN_CLUSTER.to_owned());
        }
        let version = self.version.as_deref()?;
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        (found < OLDEST).then(|| {
            format!(
                "the server has version {version}, but locks need Redis {}.{} or later, or Valkey",
                OLDEST.0, OLDEST.1
            )
        })
    }

    /// What somebody should look at although locks work.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.looked {
            warnings.push(
                "the server's INFO can't be read: version, role, cluster mode and eviction are unchecked, and pushed \
                 grants cost a round trip (grant +info, or take `rename-command INFO` out of the server's configuration, \
                 to change that)"
                    .to_owned(),
            );
        }
        if let Some(policy) = self.eviction.as_deref().filter(|policy| *policy != "noeviction") {
            warnings.push(format!(
                "the server's maxmemory-policy is {policy}: when its memory is full it deletes held locks; \
                 set maxmemory-policy to noeviction"
            ));
        }
        warnings
    }
}

/// The life that a run id, or its beginning, tells of. What is no run id proves nothing.
pub(super) fn generation_of(run_id: &str) -> Generation {
    const DIGITS: usize = 16;
    match run_id.get(..DIGITS) {
        Some(digits) if bounds::is_run_id(run_id) => Generation::new(digits),
        _ => Generation::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::FaultClass;

    fn told(info: &str) -> Server {
        Server::default().with_info(Some(&Value::BulkString(info.as_bytes().to_vec())))
    }

    #[test]
    fn old_servers_and_clusters_are_unfit() {
        assert!(told("redis_version:6.0.16\r\n").unfit(false).unwrap().contains("6.2"));
        let cluster = told("redis_version:7.0.15\r\nredis_mode:cluster\r\n");
        assert!(cluster.unfit(false).unwrap().contains("redis-cluster://"));
        assert_eq!(cluster.unfit(true), None);
        assert!(told("redis_version:7.0.15\r\ncluster_enabled:1\r\n").unfit(false).is_some());
        for version in ["6.2.14", "7.0.15", "7.2.4", "10.0.0"] {
            assert_eq!(told(&format!("redis_version:{version}\r\ncluster_enabled:0\r\n")).unfit(false), None);
        }
        assert_eq!(Server::default().unfit(false), None);
    }

    #[test]
    fn a_generation_is_the_beginning_of_a_run_id() {
        let one = told("run_id:0123456789abcdef0123456789abcdef01234567\r\n").generation();
        assert!(one.proves(&generation_of("0123456789abcdef")));
        for nothing in ["", "0123456789abcde", "not hex, although long"] {
            assert_eq!(generation_of(nothing), Generation::UNKNOWN);
        }
    }

    #[test]
    fn eviction_is_warned_about() {
        assert!(told("maxmemory_policy:noeviction\r\n").warnings().is_empty());
        assert!(told("maxmemory_policy:allkeys-lru\r\n").warnings()[0].contains("allkeys-lru"));
        assert!(Server::default().warnings()[0].contains("INFO"));
    }

    #[test]
    fn replicas_are_refused_for_now() {
        let role = Value::Array(vec![Value::BulkString(b"slave".to_vec())]);
        let fault = Server::default().with_role(Some(&role)).must_be_master().unwrap_err();
        assert_eq!(fault.class, FaultClass::Transient);
        assert!(told("role:master\r\n").must_be_master().is_ok());
    }
}
