//! A server of the test's own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::found::Binary;
use crate::process::Process;
use crate::resp::{Connection, Value};
use crate::scratch::Scratch;

/// How long a server may need to come up.
const UP: Duration = Duration::from_secs(20);
/// How long it may need to answer a command.
const ANSWER: Duration = Duration::from_secs(10);

/// How to start a server.
#[derive(Debug)]
#[must_use]
pub struct ServerOptions {
    binary: &'static Binary,
    config: Vec<String>,
    unix_socket: bool,
    user: Option<String>,
    password: Option<String>,
}

impl ServerOptions {
    /// Adds a line to its configuration.
    pub fn config(mut self, line: &str) -> Self {
        self.config.push(line.to_owned());
        self
    }

    /// Also listens on a unix socket.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Asks for a password.
    pub fn password(mut self, password: &str) -> Self {
        self.config.push(format!("requirepass {password}"));
        self.password = Some(password.to_owned());
        self
    }

    /// Has a user beside the default one: `rules` as of `ACL SETUSER`. [`Server::url`] then names this user.
    pub fn user(mut self, user: &str, password: &str, rules: &str) -> Self {
        self.config.push(format!("user {user} on >{password} {rules}"));
        self.user = Some(format!("{user}:{password}"));
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// If it does not come up; its log is in the message.
    #[must_use]
    pub fn start(self) -> Server {
        loop {
            let folder = Scratch::new();
            let server = Server {
                binary: self.binary,
                port: free_port(),
                config: self.config.clone(),
                socket: self.unix_socket.then(|| folder.path().join("s")),
                user: self.user.clone(),
                password: self.password.clone(),
                process: Mutex::new(None),
                folder,
            };
            match server.launch() {
                Ok(()) => return server,
                // Somebody took the port between looking and starting.
                Err(log) if log.contains("Address already in use") => {}
                Err(log) => panic!("{} did not come up:\n{log}", self.binary.label()),
            }
        }
    }
}

/// A running server on the loopback interface; gone when dropped.
#[derive(Debug)]
pub struct Server {
    binary: &'static Binary,
    port: u16,
    config: Vec<String>,
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
        ServerOptions {
            binary,
            config: Vec::new(),
            unix_socket: false,
            user: None,
            password: None,
        }
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

    /// `redis://[user:password@]127.0.0.1:port/`
    #[must_use]
    pub fn url(&self) -> String {
        self.url_through(self.address())
    }

    /// The url of a proxy in front of it.
    #[must_use]
    pub fn url_through(&self, address: SocketAddr) -> String {
        let credentials = match (&self.user, &self.password) {
            (Some(user), _) => format!("{user}@"),
            (None, Some(password)) => format!(":{password}@"),
            (None, None) => String::new(),
        };
        format!("redis://{credentials}{address}/")
    }

    /// Its unix socket, if it was asked for.
    #[must_use]
    pub fn socket(&self) -> Option<&std::path::Path> {
        self.socket.as_deref()
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
        self.restart_with(&[&format!(
            "key-load-delay {}",
            duration.as_micros() / u128::from(KEYS)
        )]);
        assert!(
            self.command(&["GET", "x"]).is_error("LOADING"),
            "{} does not load",
            self.binary.label()
        );
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
        command
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors);
        let mut process = Process::start(&mut command);
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

/// A port that is free now, below the range from which the system takes those of outgoing connections: while a server is
/// down, a client that connects to its port again and again could otherwise be given that very port, and meet itself.
fn free_port() -> u16 {
    const FIRST: u16 = 17_000;
    const COUNT: u16 = 14_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test programs that run at once begin at different places.
    let own = u16::try_from(u64::from(std::process::id()) * 97 % u64::from(COUNT)).unwrap_or(0);
    loop {
        let offset = (u32::from(own) + u32::from(NEXT.fetch_add(1, Ordering::Relaxed))) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset).unwrap_or(0);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::{each_server, until};

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn it_answers_and_is_gone_when_dropped() {
        each_server(|binary| {
            let server = Server::start(binary);
            assert_eq!(server.must(&["ECHO", "a\r\nb"]).text(), Some("a\r\nb"));
            assert!(server.command(&["NO-SUCH"]).is_error("ERR"));
            let (address, folder) = (server.address(), server.folder.path().to_owned());
            drop(server);
            assert!(Connection::tcp(address, SOON).is_err());
            assert!(!folder.exists());
        });
    }

    #[test]
    fn it_is_gone_after_a_panic() {
        let mut address = None;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let server = Server::start(&crate::servers()[0]);
            address = Some(server.address());
            panic!("as a failing test does");
        }));
        assert!(outcome.is_err());
        assert!(Connection::tcp(address.expect("it was up"), SOON).is_err());
    }

    #[test]
    fn its_log_is_told_when_it_does_not_come_up() {
        let outcome = catch_unwind(|| Server::of(&crate::servers()[0]).config("nonsense 1").start());
        let panic = outcome.expect_err("a server with a wrong configuration does not start");
        let message = panic.downcast_ref::<String>().expect("a formatted message");
        assert!(
            message.contains("did not come up") && message.contains("nonsense"),
            "{message}"
        );
    }

    #[test]
    fn it_asks_for_passwords_and_obeys_rules() {
        each_server(|binary| {
            let server = Server::of(binary)
                .password("pw")
                .user("app", "secret", "~LOCK:* +get")
                .start();
            let mut stranger = Connection::tcp(server.address(), SOON).expect("it listens");
            assert!(
                stranger
                    .command(&["GET", "LOCK:a"])
                    .expect("an answer")
                    .is_error("NOAUTH")
            );
            assert!(
                stranger
                    .command(&["AUTH", "app", "secret"])
                    .expect("an answer")
                    .text()
                    .is_some()
            );
            assert_eq!(
                stranger.command(&["GET", "LOCK:a"]).expect("an answer"),
                Value::Nil
            );
            assert!(
                stranger
                    .command(&["SET", "LOCK:a", "1"])
                    .expect("an answer")
                    .is_error("NOPERM")
            );
            assert_eq!(server.url(), format!("redis://app:secret@{}/", server.address()));
        });
    }

    #[test]
    fn it_listens_on_a_unix_socket() {
        each_server(|binary| {
            let server = Server::of(binary).unix_socket().start();
            let socket = server.socket().expect("one was asked for");
            let mut connection = Connection::unix(socket, SOON).expect("it listens");
            assert_eq!(
                connection.command(&["PING"]).expect("an answer").text(),
                Some("PONG")
            );
        });
    }

    #[test]
    fn a_paused_server_keeps_connections_but_does_not_answer() {
        each_server(|binary| {
            let server = Server::start(binary);
            let mut connection =
                Connection::tcp(server.address(), Duration::from_millis(100)).expect("it listens");
            server.pause();
            assert!(connection.command(&["PING"]).is_err());
            server.resume();
            until(SOON, "the server answers again", || server.is_ready());
        });
    }

    #[test]
    fn a_killed_server_forgets_what_was_not_saved() {
        each_server(|binary| {
            let server = Server::start(binary);
            server.must(&["SET", "a", "1"]);
            server.must(&["SAVE"]);
            server.must(&["SET", "a", "2"]);
            server.restart();
            assert_eq!(server.must(&["GET", "a"]).text(), Some("1"));
            server.restart_empty();
            assert_eq!(server.must(&["GET", "a"]), Value::Nil);
        });
    }

    #[test]
    fn it_can_be_loading_for_a_while() {
        each_server(|binary| {
            let server = Server::start(binary);
            server.must(&["SET", "a", "1"]);
            server.restart_loading(Duration::from_millis(700));
            assert!(!server.is_ready());
            until(SOON, "the server has loaded", || server.is_ready());
            assert_eq!(server.must(&["GET", "a"]).text(), Some("1"));
        });
    }

    #[test]
    fn leftovers_are_all_keys_but_the_counter() {
        each_server(|binary| {
            let server = Server::start(binary);
            for key in ["LOCK:a", "LOCK:%fence", "LOCK:b:c", "other"] {
                server.must(&["SET", key, "1"]);
            }
            assert_eq!(crate::leftovers(&server, "LOCK"), ["LOCK:a", "LOCK:b:c"]);
        });
    }
}
