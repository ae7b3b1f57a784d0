//! Reading the map of the slots, at the start and whenever it is in doubt.

use std::sync::Arc;
use std::time::Duration;

use ::redis::Value;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use super::super::config::RedisConfig;
use super::super::connection::{Connection, no_error};
use super::super::errand::Node;
use super::super::fault;
use super::super::hub::Hub;
use super::Cluster;
use super::slot_map::SlotMap;
use crate::backend::Fault;

/// How long a node may take to say what it knows ..
const PATIENCE: Duration = Duration::from_millis(400);
/// .. and how long the next one waits for it.
const MOMENT: Duration = Duration::from_millis(100);
/// The map is read no more often than this, whatever goes wrong ..
const PAUSE: Duration = Duration::from_millis(50);
/// .. and, where nothing changes, not much more often than this: many processes are in doubt at once.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Keeps the map of `hub`'s cluster right for ever: the task is aborted when the backend stops.
pub(in super::super) async fn keep_up(hub: Arc<Hub>, cluster: Arc<Cluster>) {
    let mut pause = PAUSE;
    loop {
        cluster.doubted().await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        if let Ok(map) = read(hub.config(), cluster.sources(), cluster.epoch()).await
            && cluster.replace(map)
        {
            hub.cluster_changed();
            pause = PAUSE;
        }
        tokio::time::sleep(pause).await;
    }
}

/// The map, as the first of `sources` has it that knows of a node for every slot and of the election `epoch`; else the best
/// that any has. One after the other, but none is waited for alone: however many stand still, it ends.
pub(super) async fn read(config: &RedisConfig, sources: Vec<Node>, epoch: u64) -> Result<SlotMap, Fault> {
    let mut best: Option<SlotMap> = None;
    let mut fault = fault::transient("the cluster has no nodes");
    let mut left = sources.into_iter();
    let mut asked = FuturesUnordered::new();
    loop {
        match left.next() {
            Some(node) => asked.push(within_patience(config, node)),
            None if asked.is_empty() => return best.ok_or(fault),
            None => {}
        }
        let Ok(Some(answer)) = timeout(MOMENT, asked.next()).await else { continue };
        match answer {
            Err(said) => fault = said,
            Ok(map) if map.unserved() == 0 && map.epoch() >= epoch => return Ok(map),
            Ok(map) => {
                if best.as_ref().is_none_or(|best| map.is_better_than(best)) {
                    best = Some(map);
                }
            }
        }
    }
}

async fn within_patience(config: &RedisConfig, node: Node) -> Result<SlotMap, Fault> {
    let answer = timeout(PATIENCE, ask(&config.at(&node), &node)).await;
    answer.unwrap_or_else(|_| Err(fault::transient(format!("no answer from {node:?}"))))
}

/// On a connection of its own: a lane's is busy, or broken, when this is needed.
async fn ask(config: &RedisConfig, node: &Node) -> Result<SlotMap, Fault> {
    let mut connection = Connection::open_to_any(config).await?;
    // The epoch first: what changes in between makes the map newer than it says, never older.
    let mut questions = ::redis::pipe();
    questions.cmd("CLUSTER").arg("INFO").cmd("CLUSTER").arg("SLOTS");
    let replies = connection.ask_all(&questions, 2).await.map_err(|error| fault::of_opening(&error))?;
    let [info, slots] = <[Value; 2]>::try_from(replies).map_err(|_| strange(node))?;
    let slots = no_error(slots).map_err(|error| fault::of_opening(&error))?;
    let map = SlotMap::read(&slots, node, &config.access().addresses).ok_or_else(|| strange(node))?;
    Ok(map.of_epoch(&info))
}

fn strange(node: &Node) -> Fault {
    fault::transient(format!("{node:?} answered something else than its slots"))
}
