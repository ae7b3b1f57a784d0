//! A server of a test's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Binaries to test against: those named in `LOCK_TEST_SERVERS` (separated by `:`), else what `PATH` has.
pub(crate) fn binaries() -> Vec<PathBuf> {
    let named = std::env::var_os("LOCK_TEST_SERVERS").unwrap_or_default();
    let mut found: Vec<PathBuf> =
        std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).collect();
    if found.is_empty() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        found = ["redis-server", "valkey-server"]
            .iter()
            .filter_map(|name| std::env::split_paths(&path).map(|at| at.join(name)).find(|at| at.is_file()))
            .collect();
    }
    assert!(
        !found.is_empty(),
        "no redis-server or valkey-server in PATH: install one, or name its path in LOCK_TEST_SERVERS"
    );
    found
}

/// Runs `test` against a fresh server of each binary.
pub(crate) fn on_each(test: impl Fn(&Server)) {
    for binary in binaries() {
        let server = Server::start(&binary);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&server)));
        if let Err(panic) = outcome {
            eprintln!("with {}; its log:\n{}", binary.display(), server.log());
            std::panic::resume_unwind(panic);
        }
    }
}

/// A server on a socket of its own in a directory of its own; both are gone when it is dropped.
pub(crate) struct Server {
    child: Child,
    directory: PathBuf,
}

impl Server {
    fn start(binary: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("lock-core-scripts-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory for the server");
        let log = std::fs::File::create(directory.join("log")).expect("a log file");
        let child = Command::new(binary)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(directory.join("socket"))
            .current_dir(&directory)
            .stdout(Stdio::from(log.try_clone().expect("a log file")))
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
        let server = Self { child, directory };
        let patience = Instant::now() + Duration::from_secs(20);
        while server.try_connect("").is_err() {
            assert!(
                Instant::now() < patience,
                "{} does not come up; its log:\n{}",
                binary.display(),
                server.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    pub(crate) fn connect(&self) -> redis::Connection {
        self.try_connect("").expect("a connection")
    }

    /// `query`: for example `?user=a&pass=b`.
    pub(crate) fn try_connect(&self, query: &str) -> redis::RedisResult<redis::Connection> {
        let url = format!("redis+unix://{}{query}", self.directory.join("socket").display());
        let mut connection = redis::Client::open(url)?.get_connection()?;
        redis::cmd("PING").query::<()>(&mut connection)?;
        Ok(connection)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
