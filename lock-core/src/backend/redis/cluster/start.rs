//! Finding a cluster, and checking that locks can be kept there.

use super::super::check;
use super::super::config::RedisConfig;
use super::super::connection::{Connection, ServerTime};
use super::super::errand::Node;
use super::refresh::read;
use super::{Cluster, counter_key};
use crate::backend::{Fault, FaultClass, HoldId};
use crate::error::LockError;
use crate::name::LockName;

/// How many names are tried: the slot of one may be moving just now.
const PROBES: usize = 4;

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
        return Err(failed(config, super::super::fault::transient("no node of the cluster serves any slot")));
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
        let Ok((mut connection, _)) = Connection::open(&at_node).await else {
            warnings.push(format!(
                "{node:?} is not to be reached: locks in its slots cannot be taken at present"
            ));
            continue;
        };
        let server = check::look(&at_node, &mut connection).await?;
        if let Some(message) = server.unfit(true) {
            return Err(LockError::Config { message: format!("{node:?}: {message}") });
        }
        warnings.extend(server.warnings().into_iter().map(|warning| format!("{node:?}: {warning}")));
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
        .ok_or_else(|| super::super::fault::transient("no node of the cluster serves the probe's slot"))?;
    let at_node = config.at(&node);
    let (mut connection, time) = Connection::open(&at_node).await?;
    let counter = counter_key(&config.counter_key(), name.slot());
    check::probe(&at_node, &mut connection, (random, name), &counter).await?;
    Ok((node, connection, time))
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
