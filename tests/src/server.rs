//! A server of the test's own.

mod clock;
mod options;
mod port;
#[cfg(test)]
mod tests;
pub(crate) mod tls;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use self::clock::Clock;
use crate::found::Binary;
use crate::process::Process;
use crate::proxy::Proxy;
use crate::resp::{Connection, Value};
use crate::scratch::Scratch;

pub use self::options::ServerOptions;
pub(crate) use self::port::free_port;
pub use self::tls::{certificate, servers_with_tls};

/// How long a server may need to come up.
const UP: Duration = Duration::from_secs(20);
/// How long it may need to answer a command.
const ANSWER: Duration = Duration::from_secs(10);

/// A running server on the loopback interface; gone when dropped.
#[derive(Debug)]
pub struct Server {
    binary: &'static Binary,
    port: u16,
    tls_port: Option<u16>,
    config: Vec<String>,
    clock: Option<Clock>,
    proxy: Option<Proxy>,
    socket: Option<PathBuf>,
    user: Option<String>,
    password: Option<String>,
    // Declared before its folder, so that it has ended before the folder is removed.
    process: Mutex<Option<Process>>,
    folder: Scratch,
}

impl Server {
    /// A server without extras.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(binary: &'static Binary) -> Self {
        Self::of(binary).start()
    }

    /// A server with extras.
    pub fn of(binary: &'static Binary) -> ServerOptions {
        ServerOptions::new(binary)
    }

    /// Its program.
    #[must_use]
    pub fn binary(&self) -> &'static Binary {
        self.binary
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The proxy that it names to others in its place, if it was started with one.
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The port that it names to others: sentinels, other nodes, replicas, and clients by their word.
    #[must_use]
    pub fn told_port(&self) -> u16 {
        match (&self.proxy, self.tls_port) {
            (Some(proxy), _) => proxy.address().port(),
            (None, Some(port)) if self.speaks_tls_to_servers() => port,
            _ => self.port,
        }
    }

    /// See [`ServerOptions::tls_among_servers`].
    pub(crate) fn speaks_tls_to_servers(&self) -> bool {
        self.config.iter().any(|line| line == "tls-replication yes")
    }

    /// Where other nodes of a cluster meet it.
    pub(crate) fn meeting_port(&self) -> u16 {
        if self.speaks_tls_to_servers() { self.tls_port() } else { self.port }
    }

    /// `redis://[user:password@]127.0.0.1:port/`
    #[must_use]
    pub fn url(&self) -> String {
        self.url_through(self.address())
    }

    /// Where it speaks TLS, if it was started with [`ServerOptions::tls`].
    ///
    /// # Panics
    /// If it was not.
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.tls_port.expect("it was started with TLS")
    }

    /// `rediss://[user:password@]127.0.0.1:port/`
    ///
    /// # Panics
    /// As [`tls_port`](Self::tls_port).
    #[must_use]
    pub fn tls_url(&self) -> String {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.tls_port()));
        self.url_through(address).replacen("redis://", "rediss://", 1)
    }

    /// The url of a proxy in front of it.
    #[must_use]
    pub fn url_through(&self, address: SocketAddr) -> String {
        let credentials = match (&self.user, &self.password) {
            (Some(user), _) => format!("{user}@"),
            (None, Some(password)) => format!(":{}@", encoded(password)),
            (None, None) => String::new(),
        };
        format!("redis://{credentials}{address}/")
    }

    /// Its unix socket, if it was asked for.
    #[must_use]
    pub fn socket(&self) -> Option<&std::path::Path> {
        self.socket.as_deref()
    }

    /// Where it keeps its files.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A connection of the administrator.
    ///
    /// # Errors
    /// If it does not listen, or refuses the password.
    pub fn connect(&self) -> std::io::Result<Connection> {
        let mut connection = Connection::tcp(self.address(), ANSWER)?;
        if let Some(password) = &self.password {
            connection.command(&["AUTH", password])?;
        }
        Ok(connection)
    }

    /// Says `arguments` to it as administrator, over a connection of its own.
    ///
    /// # Panics
    /// If it does not answer.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> Value {
        self.connect()
            .and_then(|mut connection| connection.command(arguments))
            .unwrap_or_else(|error| panic!("{} to {}: {error}", arguments.join(" "), self.binary.label()))
    }

    /// As [`command`](Self::command), for what must succeed.
    ///
    /// # Panics
    /// If it answers with an error.
    #[track_caller]
    pub fn must(&self, arguments: &[&str]) -> Value {
        match self.command(arguments) {
            Value::Error(error) => panic!("{}: {error}", arguments.join(" ")),
            value => value,
        }
    }

    /// Sets its clock so many ms ahead of the machine's, or behind: for a server that was started with
    /// [`steppable_clock`](ServerOptions::steppable_clock).
    ///
    /// # Panics
    /// If it was not.
    pub fn step_clock(&self, ahead_ms: i64) {
        self.clock.as_ref().expect("it was started with a clock of its own").step(ahead_ms);
    }

    /// So many ms its clock shows to be ahead of the machine's. Newer servers look at the clock a few times in a second, and
    /// go by the processor's in between: what was set shows a bit later.
    ///
    /// # Panics
    /// If it does not say.
    #[must_use]
    pub fn shows_ahead_ms(&self) -> i64 {
        let time = self.must(&["TIME"]);
        let number = |value: &Value| value.text().and_then(|text| text.parse::<i64>().ok());
        let [Some(seconds), Some(us)] = [&time.items()[0], &time.items()[1]].map(number) else {
            panic!("no time: {time:?}")
        };
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").as_millis();
        seconds * 1000 + us / 1000 - i64::try_from(now).expect("it is before the year 10^8")
    }

    /// Stops it where it stands (`SIGSTOP`): connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.with(Process::pause);
    }

    /// Lets it run on (`SIGCONT`).
    pub fn resume(&self) {
        self.with(Process::resume);
    }

    /// Kills it (`SIGKILL`); nothing of its memory is saved.
    pub fn kill(&self) {
        drop(self.process.lock().expect("no panic inside").take());
    }

    /// Starts it again on the same port, with the data that it saved last, if any (`SAVE`).
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&self) {
        self.restart_with(&[]);
    }

    /// As [`restart`](Self::restart), with more configuration this time.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart_with(&self, config: &[&str]) {
        self.kill();
        if let Err(log) = self.launch_with(config) {
            panic!("{} did not come up again:\n{log}", self.binary.label());
        }
    }

    /// Starts it again on the same port without any data.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart_empty(&self) {
        self.kill();
        let _ = fs::remove_file(self.folder.path().join("dump.rdb"));
        self.restart();
    }

    /// Starts it again so that it loads for about `duration`, answering `LOADING` meanwhile. Whatever it held before is
    /// still there afterwards.
    ///
    /// # Panics
    /// If it does not come up, or does not load.
    pub fn restart_loading(&self, duration: Duration) {
        const KEYS: u32 = 24;
        // A loading server looks at its connections once in 2 MiB, so each key is as long as that.
        let fill = format!(
            "for i = 1, {KEYS} do redis.call('SET', '%filler' .. i, ('x'):rep(2100000)) end return 0"
        );
        self.must(&["EVAL", &fill, "0"]);
        self.must(&["SAVE"]);
        self.restart_with(&[&format!("key-load-delay {}", duration.as_micros() / u128::from(KEYS))]);
        assert!(self.command(&["GET", "x"]).is_error("LOADING"), "{} does not load", self.binary.label());
    }

    /// Whether it answers commands other than with `LOADING`.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.connect()
            .and_then(|mut connection| connection.command(&["PING"]))
            .is_ok_and(|reply| reply.text() == Some("PONG"))
    }

    /// What it has written into its log.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        read("errors") + &read("log")
    }

    fn with(&self, act: impl FnOnce(&mut Process)) {
        if let Some(process) = self.process.lock().expect("no panic inside").as_mut() {
            act(process);
        }
    }

    fn launch(&self) -> Result<(), String> {
        self.launch_with(&[])
    }

    fn launch_with(&self, more: &[&str]) -> Result<(), String> {
        let folder = self.folder.path();
        let file = folder.join("conf");
        fs::write(&file, self.configuration(more)).map_err(|error| error.to_string())?;
        let _ = fs::remove_file(folder.join("log"));
        let mut command = Command::new(self.binary.path());
        // A wrong configuration is told there, not in the log.
        let errors = fs::File::create(folder.join("errors")).map_err(|error| error.to_string())?;
        if let Some(clock) = &self.clock {
            clock.give(&mut command);
        }
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let mut process = Process::start_in(&mut command, folder);
        let start = Instant::now();
        while !self.is_up() {
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

    /// Any reply will do: `LOADING` and `NOAUTH` come from a server that is up. The log shows that it is this one, and
    /// not a stranger on the same port.
    fn is_up(&self) -> bool {
        self.log().contains("Server initialized")
            && Connection::tcp(self.address(), ANSWER)
                .and_then(|mut connection| connection.command(&["PING"]))
                .is_ok()
    }

    fn configuration(&self, more: &[&str]) -> String {
        let folder = self.folder.path().display();
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            format!("port {}", self.port),
            format!("dir {folder}"),
            format!("logfile {folder}/log"),
            "save \"\"".to_owned(),
            "appendonly no".to_owned(),
            // So that lengths on disk say what is in memory.
            "rdbcompression no".to_owned(),
        ];
        if let Some(socket) = &self.socket {
            lines.push(format!("unixsocket {}", socket.display()));
        }
        lines.extend(self.config.iter().cloned());
        lines.extend(more.iter().map(|line| (*line).to_owned()));
        lines.join("\n") + "\n"
    }
}

/// As a URL's password.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
