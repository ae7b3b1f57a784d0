//! Finding a cluster, and checking that locks can be kept there.

use std::time::Duration;

use super::super::config::RedisConfig;
use super::super::connection::{Connection, ServerTime};
use super::super::errand::Node;
use super::super::{check, fault};
use super::refresh::read;
use super::{Cluster, counter_key};
use crate::backend::{Fault, FaultClass, HoldId};
use crate::error::LockError;
use crate::name::LockName;

/// How many names are tried: the slot of one may be moving just now.
const PROBES: usize = 8;

/// A cluster where locks can be kept.
pub(in super::super) struct Found {
    pub(in super::super) cluster: Cluster,
    /// A connection to one of its nodes, which is of use still.
    pub(in super::super) node: Node,
    pub(in super::super) connection: Connection,
    pub(in super::super) time: Option<ServerTime>,
    pub(in super::super) warnings: Vec<String>,
}

/// Finds the cluster that the nodes of `config` belong to, and checks it.
pub(in super::super) async fn find(config: &RedisConfig) -> Result<Found, LockError> {
    let seeds = config.seeds().to_vec();
    let map = read(config, seeds.clone()).await.map_err(|fault| failed(config, fault))?;
    if map.masters().is_empty() {
        return Err(failed(config, fault::transient("no node of the cluster serves any slot")));
    }
    let unserved = map.unserved();
    let cluster = Cluster::new(seeds, map);
    let mut warnings = check_masters(config, &cluster).await?;
    if unserved > 0 {
        warnings.push(format!(
            "{unserved} of the cluster's slots are served by no node: locks whose slot is one of them cannot be taken"
        ));
    }
    let mut tried = 0;
    loop {
        tried += 1;
        match probe(config, &cluster).await {
            Ok((node, connection, time)) => return Ok(Found { cluster, node, connection, time, warnings }),
            Err(fault) if fault.class == FaultClass::Transient && tried < PROBES => {
                // That has not worked either: the next probe says what is wrong.
                if let Ok(map) = read(config, cluster.sources()).await {
                    cluster.replace(map);
                }
            }
            Err(fault) => return Err(failed(config, fault)),
        }
    }
}

/// Version and settings of every master; one that is not to be reached is no reason not to start.
async fn check_masters(config: &RedisConfig, cluster: &Cluster) -> Result<Vec<String>, LockError> {
    let mut warnings = Vec::new();
    for node in cluster.masters() {
        let at_node = config.at(&node);
        let looking = async {
            let (mut connection, _) = Connection::open(&at_node).await?;
            check::look(&mut connection).await
        };
        match within_patience(&node, looking).await {
            Ok(server) => {
                if let Some(message) = server.unfit(true) {
                    return Err(LockError::Config { message: format!("{node:?}: {message}") });
                }
                warnings.extend(server.warnings().into_iter().map(|warning| format!("{node:?}: {warning}")));
            }
            Err(fault) if fault.class == FaultClass::Refused => return Err(failed(&at_node, fault)),
            Err(fault) => warnings.push(format!(
                "{node:?} is of no use at present, and with it the locks in its slots: {}",
                fault.message
            )),
        }
    }
    Ok(warnings)
}

/// Runs every operation on a name that nobody else has, at the node of its slot.
async fn probe(
    config: &RedisConfig,
    cluster: &Cluster,
) -> Result<(Node, Connection, Option<ServerTime>), Fault> {
    let random = HoldId::new("start-up probe");
    let name = LockName::new(&format!("{}:%probe:{}", config.in_namespace(), random.hex()));
    let node = cluster
        .owner(name.slot())
        .ok_or_else(|| fault::transient("no node of the cluster serves the probe's slot"))?;
    let at_node = config.at(&node);
    let counter = counter_key(&config.counter_key(), name.slot());
    let probing = async {
        let (mut connection, time) = Connection::open(&at_node).await?;
        check::probe(&at_node, &mut connection, (random, name), &counter).await?;
        Ok((connection, time))
    };
    let (connection, time) = within_patience(&node, probing).await?;
    Ok((node, connection, time))
}

/// One node that stands still must not use up the time for all.
async fn within_patience<T>(node: &Node, asking: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    const PATIENCE: Duration = Duration::from_millis(600);
    tokio::time::timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| Err(fault::transient(format!("no answer from {node:?}"))))
}

fn failed(config: &RedisConfig, fault: Fault) -> LockError {
    if fault.message.contains("cluster support disabled") {
        let message = format!(
            "the server {} is not part of a cluster: write redis://host:port (rediss:// for TLS)",
            config.address()
        );
        return LockError::Config { message };
    }
    check::failed(config, fault)
}
