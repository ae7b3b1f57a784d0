//! Finding a cluster, and checking that locks can be kept there.

use std::time::Duration;

use futures_util::future::join_all;

use super::super::check::Unfit;
use super::super::config::RedisConfig;
use super::super::connection::{Connection, ServerTime};
use super::super::errand::Node;
use super::super::server::Server;
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
    let map = read(config, seeds.clone(), 0).await.map_err(|fault| failed(config, fault))?;
    if map.masters().is_empty() {
        return Err(failed(config, fault::transient("no node of the cluster serves any slot")));
    }
    let unserved = map.unserved();
    let cluster = Cluster::new(seeds, map);
    let (mut warnings, mute) = check_masters(config, &cluster).await?;
    if unserved > 0 {
        warnings.push(format!(
            "{unserved} of the cluster's slots are served by no node: locks whose slot is one of them cannot be taken"
        ));
    }
    let mut tried = 0;
    loop {
        tried += 1;
        match probe(config, &cluster, &mute).await {
            Ok((node, connection, time)) => return Ok(Found { cluster, node, connection, time, warnings }),
            Err(Unfit::Fault(fault)) if fault.class == FaultClass::Transient && tried < PROBES => {
                // That has not worked either: the next probe says what is wrong.
                if let Ok(map) = read(config, cluster.sources(), cluster.epoch()).await {
                    cluster.replace(map);
                }
            }
            Err(unfit) => return Err(unfit.into_error(config)),
        }
    }
}

/// Version and settings of every master, as warnings; and which of them are not to be reached, which is no reason not to start.
/// All are asked at once: however many stand still, that takes no longer than one.
async fn check_masters(
    config: &RedisConfig,
    cluster: &Cluster,
) -> Result<(Vec<String>, Vec<Node>), LockError> {
    let (mut warnings, mut mute) = (Vec::new(), Vec::new());
    let looks = cluster.masters().into_iter().map(|node| async {
        let server = within_patience(&node, look(config, &node)).await;
        let server = server.map_err(|fault: Fault| named_by(cluster, &node, fault));
        (node, server)
    });
    for (node, server) in join_all(looks).await {
        match server {
            Ok(server) => {
                if let Some(message) = server.unfit(true) {
                    return Err(LockError::Config { message: format!("{node:?}: {message}") });
                }
                warnings.extend(server.warnings().into_iter().map(|warning| format!("{node:?}: {warning}")));
            }
            Err(fault) if fault.class == FaultClass::Refused => return Err(failed(&config.at(&node), fault)),
            Err(fault) => {
                warnings.push(format!(
                    "{node:?} is of no use at present, and with it the locks in its slots: {}",
                    fault.message
                ));
                mute.push(node);
            }
        }
    }
    Ok((warnings, mute))
}

async fn look(config: &RedisConfig, node: &Node) -> Result<Server, Fault> {
    let (mut connection, _) = Connection::open(&config.at(node)).await?;
    check::look(&mut connection).await
}

/// Runs every operation on a name that nobody else has, at the node of its slot; if it can, at none of those that are mute.
async fn probe(
    config: &RedisConfig,
    cluster: &Cluster,
    mute: &[Node],
) -> Result<(Node, Connection, Option<ServerTime>), Unfit> {
    let (random, name) = probe_name(config, cluster, mute);
    let node = cluster
        .owner(name.slot())
        .ok_or_else(|| fault::transient("no node of the cluster serves the probe's slot"))?;
    let at_node = config.at(&node);
    let counter = counter_key(&config.counter_key(), name.slot());
    let probing = async {
        let (mut connection, time) = Connection::open(&at_node).await?;
        check::probe(&at_node, &mut connection, (random, name), &counter).await?;
        Ok::<_, Unfit>((connection, time))
    };
    let (connection, time) = within_patience(&node, probing).await.map_err(|unfit| match unfit {
        Unfit::Fault(fault) => Unfit::Fault(named_by(cluster, &node, fault)),
        unfit => unfit,
    })?;
    Ok((node, connection, time))
}

/// A fault met at `node`, and who named that: a cluster behind NAT, or in containers, names addresses that only it can reach.
fn named_by(cluster: &Cluster, node: &Node, fault: Fault) -> Fault {
    match cluster.who_named(node) {
        Some(who) => Fault {
            message: format!(
                "{}; {who:?} names {node:?} as a node of the cluster: is that an address that can be reached from here?",
                fault.message
            ),
            ..fault
        },
        None => fault,
    }
}

/// A probe that meets a node that stands still takes long, and says nothing: a few of them, and the time for starting is over.
fn probe_name(config: &RedisConfig, cluster: &Cluster, mute: &[Node]) -> (HoldId, LockName) {
    const DRAWS: usize = 200;
    let draw = || {
        let random = HoldId::new("start-up probe");
        let name = LockName::new(&format!("{}:%probe:{}", config.in_namespace(), random.hex()));
        (random, name)
    };
    let answers = |(_, name): &(HoldId, LockName)| {
        cluster.owner(name.slot()).is_some_and(|owner| !mute.contains(&owner))
    };
    std::iter::repeat_with(draw).take(DRAWS).find(answers).unwrap_or_else(draw)
}

/// One node that stands still must not use up the time for all.
async fn within_patience<T, E: From<Fault>>(
    node: &Node,
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    const PATIENCE: Duration = Duration::from_millis(600);
    tokio::time::timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| Err(fault::transient(format!("no answer from {node:?}")).into()))
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
