//! The client processes, which are stopped, killed and replaced.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::client::Told;
use crate::{Process, Seed};

/// How long clients may need to end once they are told so.
const ENDS: Duration = Duration::from_secs(40);

/// The client processes of one episode.
#[derive(Debug)]
pub(super) struct Clients {
    program: PathBuf,
    folder: PathBuf,
    witness: PathBuf,
    /// What they connect to; they take turns.
    places: Vec<String>,
    min_replicas: u32,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    processes: Vec<(String, Process)>,
    next: usize,
    seed: Seed,
}

impl Clients {
    pub(super) fn start(
        folder: &Path,
        witness: &Path,
        (places, min_replicas): (Vec<String>, u32),
        count: usize,
        seed: u64,
    ) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let running = Running { processes: Vec::new(), next: 0, seed: Seed::new(seed) };
        let (folder, witness) = (folder.to_owned(), witness.to_owned());
        let clients = Self { program, folder, witness, places, min_replicas, running: Mutex::new(running) };
        for _ in 0..count {
            let started = clients.start_one(&mut clients.running());
            clients.running().processes.push(started);
        }
        clients
    }

    pub(super) fn count(&self) -> usize {
        self.running().processes.len()
    }

    pub(super) fn pause(&self, place: usize) {
        self.running().processes[place].1.pause();
    }

    pub(super) fn resume(&self, place: usize) {
        self.running().processes[place].1.resume();
    }

    /// Kills one; another takes its place.
    pub(super) fn replace(&self, place: usize) {
        let mut running = self.running();
        running.processes[place].1.kill();
        running.processes[place] = self.start_one(&mut running);
    }

    /// Tells all of them to end, and waits for it. What is wrong with those that don't, or end badly.
    pub(super) fn end(&self) -> Vec<String> {
        let mut running = self.running();
        for (_, process) in &mut running.processes {
            process.resume();
            if let Some(mut input) = process.child().stdin.take() {
                let _ = input.write_all(b"calm\n");
            }
        }
        let start = Instant::now();
        let mut wrong = Vec::new();
        let processes = std::mem::take(&mut running.processes);
        drop(running);
        for (name, mut process) in processes {
            let status = loop {
                match process.ended() {
                    None if start.elapsed() < ENDS => std::thread::sleep(Duration::from_millis(10)),
                    status => break status,
                }
            };
            match status {
                Some(status) if status.success() => {}
                Some(status) => wrong.push(format!("{name} ended with {status}: {}", self.errors(&name))),
                None => wrong.push(format!("{name} did not end within {ENDS:?}: {}", self.errors(&name))),
            }
        }
        wrong.extend(self.panics());
        wrong
    }

    /// What panicked in whatever client, killed ones too, though nobody meant it to.
    fn panics(&self) -> Vec<String> {
        let said = (0..self.running().next).map(|number| format!("p{number}")).filter_map(|name| {
            let errors = self.errors(&name);
            errors.contains("panicked").then(|| format!("{name} panicked: {errors}"))
        });
        said.collect()
    }

    fn errors(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{name}.errors"))).unwrap_or_default()
    }

    fn start_one(&self, running: &mut Running) -> (String, Process) {
        let process = format!("p{}", running.next);
        let place = self.places[running.next % self.places.len()].clone();
        running.next += 1;
        let errors = std::fs::File::create(self.folder.join(format!("{process}.errors")));
        let told = Told {
            process: process.clone(),
            seed: running.seed.draw(),
            place,
            min_replicas: self.min_replicas,
            folder: self.folder.clone(),
            witness: self.witness.clone(),
        };
        let mut command = Command::new(&self.program);
        command.args(told.to_arguments()).stdin(Stdio::piped()).stdout(Stdio::null());
        command.stderr(errors.expect("a scratch folder can be written"));
        (process, Process::start(&mut command))
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
