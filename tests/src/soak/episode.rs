//! A soak is a row of episodes, each with servers of its own: strike, heal, wait until all is quiet, look.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::clients::Clients;
use super::deck::Deck;
use super::event::Event;
use super::nemesis::Nemesis;
use super::orders::Orders;
use super::register::Tally;
use super::scene::{On, Scene};
use super::summary::Summary;
use super::verdict::{Figures, History, Wrong};
use super::windows::Windows;
use super::witness::Witness;
use crate::starved::Watch;
use crate::{Binary, Process, Scratch, Seed, servers, until};

/// Client processes; each has several tasks.
const CLIENTS: usize = 4;
/// So much of what is wrong is told while the soak goes on.
const AT_ONCE: usize = 3;
const UP: Duration = Duration::from_secs(10);

/// What an episode is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) on: On,
    pub(super) binary: &'static Binary,
    /// Only faults that lose no data: whatever overlaps is wrong.
    pub(super) keep_data: bool,
    /// So many have to acknowledge each lock.
    pub(super) min_replicas: u32,
    pub(super) seed: u64,
}

impl Setting {
    /// `sentinel, min_replicas 1`
    pub(super) fn place(&self) -> String {
        match self.min_replicas {
            0 => self.on.label().to_owned(),
            replicas => format!("{}, min_replicas {replicas}", self.on.label()),
        }
    }
}

/// What came out.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) setting: Setting,
    pub(super) figures: Figures,
    pub(super) tally: Tally,
    pub(super) wrong: Vec<Wrong>,
}

/// Soaks as ordered, telling `report` line by line; whether all was well.
pub fn soak(orders: &Orders, report: &mut dyn FnMut(&str)) -> bool {
    let start = Instant::now();
    let mut seed = Seed::new(orders.seed);
    let (mut summary, mut decks) = (Summary::new(orders.seed), BTreeMap::<On, Deck>::new());
    let mut number = 0;
    while number < orders.over.len() || start.elapsed() < orders.length {
        let round = number / orders.over.len();
        // So that each server meets each setting, also where there is an even number of them.
        let turn = round + if servers().len().is_multiple_of(2) { round / servers().len() } else { 0 };
        let on = orders.over[number % orders.over.len()];
        let setting = Setting {
            on,
            binary: &servers()[round % servers().len()],
            keep_data: number % orders.over.len() % 2 == turn % 2,
            min_replicas: u32::from(on == On::Sentinel && turn / 2 % 2 == 1),
            seed: seed.draw(),
        };
        number += 1;
        let deck = decks.entry(setting.on).or_default();
        let played = catch_unwind(AssertUnwindSafe(|| play(setting, orders.episode, deck)));
        let outcome = played.unwrap_or_else(|panic| broken(setting, &*panic));
        report(&summary.line(start.elapsed(), &outcome));
        // A long soak should not have to end before one can see what it found.
        outcome
            .wrong
            .iter()
            .take(AT_ONCE)
            .for_each(|wrong| report(&format!("  {}: {}", wrong.what, wrong.text)));
        summary.add(outcome);
    }
    report(&summary.text(start.elapsed()));
    summary.is_well()
}

fn broken(setting: Setting, panic: &(dyn std::any::Any + Send)) -> Outcome {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let wrong = vec![Wrong { what: "an episode that broke", text: text.unwrap_or_default() }];
    Outcome { setting, figures: Figures::default(), tally: Tally::default(), wrong }
}

fn play(setting: Setting, length: Duration, deck: &mut Deck) -> Outcome {
    let mut seed = Seed::new(setting.seed);
    let folder = Scratch::new();
    let socket = folder.path().join("w");
    let _witness = witness(&socket);
    let busy = Arc::new(Mutex::new(Windows::default()));
    let noticed = Arc::clone(&busy);
    let watch = Watch::start(move |from, until| {
        noticed.lock().unwrap_or_else(PoisonError::into_inner).add(from, until);
    });
    let mut scene = Scene::set(setting.on, setting.binary, &mut seed);
    let places = (scene.places(), setting.min_replicas);
    scene.bring(Clients::start(folder.path(), &socket, places, CLIENTS, seed.draw()));
    let mut nemesis = Nemesis::of(&scene);
    nemesis.torment((setting.on, setting.keep_data), deck, length, &mut seed);
    let mut wrong: Vec<Wrong> = scene
        .clients()
        .end()
        .into_iter()
        .map(|text| Wrong { what: "a client that ended badly", text })
        .collect();
    let struck = nemesis.ended();
    wrong.extend(scene.left().into_iter().map(|text| Wrong { what: "left behind", text }));
    let tally =
        Witness::connect(&socket).and_then(|mut witness| witness.tally()).expect("the witness answers");
    drop(watch);
    let busy = busy.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (more, figures) = History::new(read(folder.path()), struck, busy).judge();
    wrong.extend(more);
    if tally.fenced_lost > 0 {
        let text = format!("{} updates of fenced registers were lost", tally.fenced_lost);
        wrong.push(Wrong { what: "a stale write passed the fence", text });
    }
    Outcome { setting, figures, tally, wrong }
}

fn witness(socket: &Path) -> Process {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.arg("witness").arg(socket).stdin(Stdio::null()).stdout(Stdio::null());
    let process = Process::start(&mut command);
    until(UP, "the witness listens", || Witness::connect(socket).is_ok());
    process
}

/// All histories of all processes. A last line that a killed process did not finish is left out.
fn read(folder: &Path) -> Vec<Event> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let histories =
        files.filter(|path| path.extension().is_none() && path.file_name().is_some_and(|name| name != "w"));
    let mut events = Vec::new();
    for path in histories {
        let text = std::fs::read_to_string(&path).expect("a history can be read");
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            events.push(Event::of_line(line).unwrap_or_else(|| panic!("no line of a history: {line:?}")));
        }
    }
    events
}
