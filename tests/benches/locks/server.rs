//! The server that everything is measured on: a process of the benchmark's own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Killed, with its directory removed, when dropped.
pub(crate) struct Server {
    child: Child,
    binary: PathBuf,
    directory: PathBuf,
    port: u16,
}

impl Server {
    pub(crate) fn start() -> Self {
        let binary = binary();
        let directory = std::env::temp_dir().join(format!("lock-bench-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(&binary)
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
            .arg(port.to_string())
            .arg("--dir")
            .arg(&directory)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(directory.join("log")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let mut server = Self { child, binary, directory, port };
        server.await_ready();
        server
    }

    fn await_ready(&mut self) {
        let since = Instant::now();
        while self.client().get_connection().is_err() {
            let ended = self.child.try_wait().unwrap().is_some();
            if ended || since.elapsed() > Duration::from_secs(10) {
                let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                panic!("{} does not come up on port {}:\n{log}", self.binary.display(), self.port);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).unwrap()
    }

    /// Which server it is.
    pub(crate) fn version(&self) -> String {
        let info = self.info("server");
        let of = |field: &str| {
            info.lines()
                .find_map(|line| line.strip_prefix(field))
                .map(|text| text.trim_matches([':', '\r']).to_owned())
        };
        match (of("valkey_version"), of("redis_version")) {
            (Some(version), _) => format!("Valkey {version}"),
            (None, version) => format!("Redis {}", version.unwrap_or_default()),
        }
    }

    /// How many commands clients have sent that are a lock's: calls of scripts. The commands inside them are not counted.
    pub(crate) fn script_calls(&self) -> u64 {
        let calls = |line: &str| -> Option<u64> { line.split(['=', ',']).nth(1)?.parse().ok() };
        self.info("commandstats")
            .lines()
            .filter(|line| line.starts_with("cmdstat_eval"))
            .filter_map(calls)
            .sum()
    }

    fn info(&self, section: &str) -> String {
        let mut connection = self.client().get_connection().unwrap();
        redis::cmd("INFO").arg(section).query(&mut connection).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn binary() -> PathBuf {
    if let Ok(list) = std::env::var("LOCK_TEST_SERVERS") {
        let first = list.split(':').find(|path| !path.is_empty());
        return first.map(PathBuf::from).unwrap_or_else(|| panic!("LOCK_TEST_SERVERS lists no server"));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = || std::env::split_paths(&path);
    ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| places().map(move |place| place.join(name)))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("no redis-server or valkey-server in PATH: install one, or name it in LOCK_TEST_SERVERS")
        })
}
