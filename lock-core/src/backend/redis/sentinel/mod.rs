//! A master found through sentinels, and followed when it changes.
//!
//! Sentinels watch a master and its replicas, and make a replica the master when a majority of them agree that the old one
//! is dead. The client library asks them once; connections made before a failover then go on writing to the old master
//! for as long as it accepts that. Here each connection is opened to the master that the sentinels name at that moment
//! ([`Sentinels::master`]), and all of them are given up as soon as the sentinels name another ([`Watch`]).

mod answer;
mod belief;
mod link;
mod url;
mod watch;

pub(super) use self::url::{Service, parse};
pub(super) use self::watch::{Sentinels, Watch};
