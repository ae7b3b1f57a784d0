//! Four processes of this program that do the same thing at the same time.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::holds::{Holds, now};
use super::worker::{DONE, READY, WORKER};
use crate::server::Server;

pub(super) const PROCESSES: usize = 4;
/// From the word to begin to the beginning.
const LEAD: Duration = Duration::from_millis(20);

/// What they do.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Take the lock.
    Locks,
    /// Pass the turn on.
    Ring,
}

#[derive(Clone, Copy)]
pub(super) struct Job {
    pub(super) kind: Kind,
    /// Of all processes together.
    pub(super) tasks: usize,
    pub(super) turn: Duration,
}

pub(super) struct Outcome {
    pub(super) holds: Holds,
    /// Script calls of all processes, from the beginning to the end.
    pub(super) commands: u64,
}

struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(server: &Server, job: Job, number: usize) -> Self {
        let kind = match job.kind {
            Kind::Locks => "locks",
            Kind::Ring => "ring",
        };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([WORKER, kind, &server.url()])
            .args([number.to_string(), (job.tasks / PROCESSES).to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, output }
    }

    /// The lines up to `end`.
    fn lines_until(&mut self, end: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.output.next() {
                Some(Ok(line)) if line == end => return lines,
                Some(Ok(line)) => lines.push(line),
                _ => panic!("a worker ended before it was {end}"),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a job in all processes.
pub(super) fn run(server: &Server, job: Job) -> Outcome {
    let mut processes: Vec<_> = (0..PROCESSES).map(|number| Process::start(server, job, number)).collect();
    for process in &mut processes {
        process.lines_until(READY);
    }
    let before = server.script_calls();
    let begin = now() + LEAD.as_nanos() as u64;
    let end = begin + job.turn.as_nanos() as u64;
    for process in &mut processes {
        writeln!(process.input, "{begin} {end}").unwrap();
    }
    let lines: Vec<String> = processes.iter_mut().flat_map(|process| process.lines_until(DONE)).collect();
    let commands = server.script_calls() - before;
    let holds = lines.iter().map(|line| line.parse().unwrap()).collect();
    Outcome { holds: Holds::new(holds), commands }
}
