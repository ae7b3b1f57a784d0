//! A child process that cannot outlive the test.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A running child: killed and waited for when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    guardian: Option<Child>,
}

impl Process {
    /// Starts `command`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::start_with_folder(command, None)
    }

    /// Starts `command`, whose `folder` has to go with it where nobody else can remove it any more.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start_in(command: &mut Command, folder: &Path) -> Self {
        Self::start_with_folder(command, Some(folder))
    }

    fn start_with_folder(command: &mut Command, folder: Option<&Path>) -> Self {
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        // Drop does not run when the test itself is killed. The guardian's standard input then ends without a line, and
        // it kills the child; it cannot hit a stranger, since the number is free again only after a wait in `end`.
        let guardian = Command::new("sh")
            .args(["-c", "read -r _ || { kill -9 \"$0\"; rm -rf \"$@\"; }", &child.id().to_string()])
            .args(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok();
        Self { child, guardian }
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child itself, for its output.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it has ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If the system refuses to tell.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("a child can be waited for");
        self.dismiss_guardian();
        status
    }

    /// Stops it where it stands (`SIGSTOP`) until [`resume`](Self::resume).
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it run on (`SIGCONT`).
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Kills it (`SIGKILL`: nothing is flushed, nobody is told) and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.dismiss_guardian();
    }

    fn signal(&mut self, signal: Signal) {
        // `ended` first: a process that is waited for has given its number back.
        if self.ended().is_some() {
            return;
        }
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    fn dismiss_guardian(&mut self) {
        if let Some(mut guardian) = self.guardian.take() {
            if let Some(mut line) = guardian.stdin.take() {
                let _ = line.write_all(b"\n");
            }
            let _ = guardian.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_dropped_process_is_gone() {
        let process = Process::start(Command::new("sleep").arg("60"));
        let entry = format!("/proc/{}", process.pid());
        drop(process);
        assert!(!std::path::Path::new(&entry).exists());
    }

    #[test]
    fn a_process_dies_with_the_test_that_is_killed() {
        // The shell stands for a killed test: its end of the guardian's pipe closes without a line.
        let mut process = Process::start(Command::new("sleep").arg("60"));
        drop(process.guardian.as_mut().and_then(|guardian| guardian.stdin.take()));
        crate::until(Duration::from_secs(5), "the guardian kills", || process.ended().is_some());
    }

    #[test]
    fn the_folder_of_a_process_goes_with_it() {
        let folder = crate::Scratch::new();
        let mut process = Process::start_in(Command::new("sleep").arg("60"), folder.path());
        drop(process.guardian.as_mut().and_then(|guardian| guardian.stdin.take()));
        crate::until(Duration::from_secs(5), "the guardian removes it", || !folder.path().exists());
        crate::until(Duration::from_secs(5), "the guardian kills", || process.ended().is_some());
    }
}
