//! A server process of a test's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Killed, with its directory removed, when dropped.
pub(super) struct Server {
    child: Child,
    directory: PathBuf,
    binary: PathBuf,
    options: Vec<String>,
    pub(super) port: u16,
}

/// Runs `test` on every server binary: those of `LOCK_TEST_SERVERS` (separated by `:`), else what is in `PATH`.
pub(super) fn on_every_server(test: impl Fn(Server)) {
    on_every_server_with(&[], test);
}

pub(super) fn on_every_server_with(options: &[&str], test: impl Fn(Server)) {
    for binary in binaries() {
        eprintln!("on {}", binary.display());
        test(Server::start(binary, options));
    }
}

fn binaries() -> Vec<PathBuf> {
    if let Ok(list) = std::env::var("LOCK_TEST_SERVERS") {
        let listed: Vec<_> = list.split(':').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
        assert!(!listed.is_empty(), "LOCK_TEST_SERVERS lists no server");
        return listed;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let found: Vec<_> = ["redis-server", "valkey-server"]
        .iter()
        .filter_map(|name| {
            std::env::split_paths(&path).map(|place| place.join(name)).find(|file| file.is_file())
        })
        .collect();
    assert!(
        !found.is_empty(),
        "no redis-server or valkey-server in PATH: install one, or name it in LOCK_TEST_SERVERS"
    );
    found
}

impl Server {
    fn start(binary: PathBuf, options: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("lock-core-live-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let child = spawn(&binary, &directory, port, &options);
        let mut server = Self { child, directory, binary, options, port };
        server.await_ready();
        server
    }

    fn await_ready(&mut self) {
        let since = Instant::now();
        while self.try_ask(&["PING"]).is_err_and(|error| error.is_io_error()) {
            if self.child.try_wait().unwrap().is_some() || since.elapsed() > Duration::from_secs(10) {
                let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                panic!("{} does not come up on port {}:\n{log}", self.binary.display(), self.port);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(super) fn unix_url(&self) -> String {
        format!("unix://{}", self.directory.join("socket").display())
    }

    fn try_ask(&self, words: &[&str]) -> redis::RedisResult<redis::Value> {
        let mut connection = redis::Client::open(self.unix_url())?.get_connection()?;
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        command.query(&mut connection)
    }

    /// One command of an administrator, on a connection of its own.
    pub(super) fn ask(&self, words: &[&str]) -> redis::Value {
        self.try_ask(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Cuts the connections of normal clients (`normal`) or of subscribers (`pubsub`).
    pub(super) fn cut(&self, kind: &str) {
        self.ask(&["CLIENT", "KILL", "TYPE", kind]);
    }

    pub(super) fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn restart(&mut self) {
        self.child = spawn(&self.binary, &self.directory, self.port, &self.options);
        self.await_ready();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn spawn(binary: &Path, directory: &Path, port: u16, options: &[String]) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(directory.join("log")).unwrap();
    Command::new(binary)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--dir".as_ref(), directory.as_os_str()])
        .args(["--unixsocket".as_ref(), directory.join("socket").as_os_str()])
        .args(options)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", binary.display()))
}
