//! One sentinel.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::found::Binary;
use crate::process::Process;
use crate::resp::{Connection, Value};
use crate::scratch::Scratch;
use crate::server::{free_port, tls};

const UP: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(2);
/// A master that is silent for so long is down. Less, and a busy machine has failovers that no test ordered.
const DOWN_AFTER_MS: u32 = 1000;
/// By when a failover that got stuck is tried anew, and an old master is made a replica.
const FAILOVER_TIMEOUT_MS: u32 = 4000;

/// A running sentinel on the loopback interface; gone when dropped.
#[derive(Debug)]
pub struct Sentinel {
    binary: &'static Binary,
    name: String,
    port: u16,
    tls_port: Option<u16>,
    password: Option<String>,
    // Declared before its folder, so that it has ended before the folder is removed.
    process: Mutex<Option<Process>>,
    folder: Scratch,
}

impl Sentinel {
    pub(super) fn start(
        binary: &'static Binary,
        name: &str,
        master: u16,
        passwords: Option<(&str, &str)>,
        tls: bool,
    ) -> Self {
        loop {
            let (folder, port) = (Scratch::new(), free_port());
            let tls_port = tls.then(free_port);
            let own_tls =
                |port| tls::configuration(port).into_iter().map(|line| line + "\n").collect::<String>();
            let speaking = tls_port.map_or_else(String::new, |port| {
                format!("{}tls-replication yes\ntls-auth-clients yes\n", own_tls(port))
            });
            let login = passwords.map_or_else(String::new, |(master, own)| {
                // Sentinels show each other the same password that they ask for.
                format!("sentinel auth-pass {name} {master}\nrequirepass {own}\n")
            });
            let text = format!(
                "bind 127.0.0.1\nport {port}\ndir {folder}\nlogfile {folder}/log\n\
                 sentinel monitor {name} 127.0.0.1 {master} 2\n\
                 sentinel down-after-milliseconds {name} {DOWN_AFTER_MS}\n\
                 sentinel failover-timeout {name} {FAILOVER_TIMEOUT_MS}\n\
                 sentinel parallel-syncs {name} 2\n{login}{speaking}",
                folder = folder.path().display()
            );
            fs::write(folder.path().join("conf"), text).expect("a scratch folder can be written");
            let password = passwords.map(|(_, own)| own.to_owned());
            let sentinel = Self {
                binary,
                name: name.to_owned(),
                port,
                tls_port,
                password,
                process: Mutex::default(),
                folder,
            };
            match sentinel.launch() {
                Ok(()) => return sentinel,
                // Somebody took the port between looking and starting.
                Err(log) if log.contains("Address already in use") => {}
                Err(log) => panic!("a sentinel of {} did not come up:\n{log}", binary.label()),
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Where clients are to speak to it: with TLS, if it does.
    pub(super) fn client_address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.tls_port.unwrap_or(self.port)))
    }

    /// Says `arguments` to it.
    ///
    /// # Panics
    /// If it does not answer.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> Value {
        self.ask(arguments).unwrap_or_else(|error| panic!("{} to a sentinel: {error}", arguments.join(" ")))
    }

    /// The master's port by its word; `None` if it does not answer.
    #[must_use]
    pub fn master_port(&self) -> Option<u16> {
        if self.process.lock().expect("no panic inside").is_none() {
            return None;
        }
        let said = self.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", &self.name]).ok()?;
        said.items().get(1)?.text()?.parse().ok()
    }

    /// Stops it where it stands (`SIGSTOP`).
    pub fn pause(&self) {
        self.process.lock().expect("no panic inside").as_mut().map(Process::pause);
    }

    /// Lets it run on (`SIGCONT`).
    pub fn resume(&self) {
        self.process.lock().expect("no panic inside").as_mut().map(Process::resume);
    }

    /// Kills it (`SIGKILL`).
    pub fn kill(&self) {
        drop(self.process.lock().expect("no panic inside").take());
    }

    /// Starts it again, with what it wrote down.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&self) {
        self.kill();
        if let Err(log) = self.launch() {
            panic!("a sentinel of {} did not come up again:\n{log}", self.binary.label());
        }
    }

    /// What it has written into its log.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        read("errors") + &read("log")
    }

    fn ask(&self, arguments: &[&str]) -> std::io::Result<Value> {
        let mut connection = Connection::tcp(self.address(), ANSWER)?;
        if let Some(password) = &self.password {
            connection.command(&["AUTH", password])?;
        }
        connection.command(arguments)
    }

    fn launch(&self) -> Result<(), String> {
        let folder = self.folder.path();
        let _ = fs::remove_file(folder.join("log"));
        let errors = fs::File::create(folder.join("errors")).map_err(|error| error.to_string())?;
        let mut command = Command::new(self.binary.path());
        command.arg(folder.join("conf")).arg("--sentinel");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let mut process = Process::start_in(&mut command, self.folder.path());
        let start = Instant::now();
        // Its own log shows that it is this one that answers, and not a stranger on the same port.
        while !(self.log().contains("Sentinel ID is") && self.ask(&["PING"]).is_ok()) {
            if let Some(status) = process.ended() {
                return Err(format!("{status}\n{}", self.log()));
            }
            if start.elapsed() > UP {
                return Err(format!("no answer within {UP:?}\n{}", self.log()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        *self.process.lock().expect("no panic inside") = Some(process);
        Ok(())
    }
}
