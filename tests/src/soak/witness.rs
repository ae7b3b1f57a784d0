//! The process that keeps the registers, and how clients talk to it.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::register::{Register, Tally};

#[derive(Debug, Default)]
struct Registers {
    of: HashMap<String, Register>,
    tally: Tally,
}

/// Keeps registers until it is killed. Listens on the unix socket `path`.
///
/// # Errors
/// If it can't listen.
pub fn serve(path: &Path) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    let registers = Arc::new(Mutex::new(Registers::default()));
    for stream in listener.incoming() {
        let (stream, registers) = (stream?, Arc::clone(&registers));
        // A client that was killed ends its thread.
        thread::spawn(move || attend(stream, &registers));
    }
    Ok(())
}

fn attend(mut stream: UnixStream, registers: &Mutex<Registers>) -> io::Result<()> {
    for line in BufReader::new(stream.try_clone()?).lines() {
        let reply = registers.lock().unwrap_or_else(PoisonError::into_inner).answer(&line?);
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}

impl Registers {
    fn answer(&mut self, line: &str) -> String {
        let fields: Vec<&str> = line.split(' ').collect();
        let number = |text: &str| text.parse().unwrap_or(0);
        match fields[..] {
            ["claim", name, token] => {
                let (plain, fenced) = self.of.entry(name.to_owned()).or_default().claim(number(token));
                format!("{plain} {fenced}\n")
            }
            ["write", name, token, plain, fenced] => {
                let register = self.of.entry(name.to_owned()).or_default();
                let passed = register.write(number(token), (number(plain), number(fenced)), &mut self.tally);
                if passed { "passed\n".to_owned() } else { "refused\n".to_owned() }
            }
            _ => self.tally.to_line(),
        }
    }
}

/// A client's connection to the witness.
#[derive(Debug)]
pub(super) struct Witness(BufReader<UnixStream>);

impl Witness {
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        Ok(Self(BufReader::new(UnixStream::connect(path)?)))
    }

    pub(super) fn claim(&mut self, name: &str, token: u64) -> io::Result<(u64, u64)> {
        let reply = self.ask(&format!("claim {name} {token}\n"))?;
        let numbers = reply.trim_end().split_once(' ').map(|(plain, fenced)| (plain.parse(), fenced.parse()));
        match numbers {
            Some((Ok(plain), Ok(fenced))) => Ok((plain, fenced)),
            _ => Err(io::Error::other(format!("the witness answered {reply:?}"))),
        }
    }

    pub(super) fn write(&mut self, name: &str, token: u64, read: (u64, u64)) -> io::Result<bool> {
        Ok(self.ask(&format!("write {name} {token} {} {}\n", read.0, read.1))? == "passed\n")
    }

    pub(super) fn tally(&mut self) -> io::Result<Tally> {
        let reply = self.ask("tally\n")?;
        Tally::of_line(&reply).ok_or_else(|| io::Error::other(format!("the witness answered {reply:?}")))
    }

    fn ask(&mut self, line: &str) -> io::Result<String> {
        self.0.get_mut().write_all(line.as_bytes())?;
        let mut reply = String::new();
        match self.0.read_line(&mut reply)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(reply),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Scratch, until};

    #[test]
    fn clients_share_registers() {
        let folder = Scratch::new();
        let path = folder.path().join("w");
        let socket = path.clone();
        thread::spawn(move || serve(&socket));
        until(Duration::from_secs(5), "it listens", || UnixStream::connect(&path).is_ok());
        let (mut one, mut two) = (Witness::connect(&path).unwrap(), Witness::connect(&path).unwrap());
        let read = one.claim("a", 1).unwrap();
        assert_eq!(two.claim("a", 2).unwrap(), read);
        assert!(two.write("a", 2, read).unwrap());
        assert!(!one.write("a", 1, read).unwrap());
        let tally = one.tally().unwrap();
        assert_eq!((tally.writes, tally.stale, tally.fenced_lost), (2, 1, 0));
    }
}
