//! Three servers on free ports of the loopback interface, which are gone when this is dropped.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The servers that run, all of one program.
pub(crate) struct Masters {
    program: &'static str,
    running: Vec<Master>,
}

struct Master {
    /// Killed when dropped, so that none is left behind.
    process: Child,
    address: SocketAddr,
}

impl Masters {
    /// `None` if there is no server program to be found.
    pub(crate) async fn start() -> Result<Option<Self>, Box<dyn Error>> {
        for program in ["redis-server", "valkey-server"] {
            let mut running = Vec::new();
            for _ in 0..3 {
                match Master::start(program).await {
                    Ok(master) => running.push(master),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                    Err(error) => return Err(format!("{program}: {error}").into()),
                }
            }
            if running.len() == 3 {
                return Ok(Some(Self { program, running }));
            }
        }
        Ok(None)
    }

    pub(crate) fn program(&self) -> &str {
        self.program
    }

    /// Those that run.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.running.iter().map(|master| format!("redis://{}/", master.address)).collect()
    }

    /// Kills the last one, without giving it the time to write anything.
    pub(crate) async fn kill_one(&mut self) -> io::Result<()> {
        match self.running.pop() {
            Some(mut master) => master.process.kill().await,
            None => Ok(()),
        }
    }
}

impl Master {
    async fn start(program: &str) -> io::Result<Self> {
        // The port is free until the server takes it, or somebody else does: then the server ends, which is said.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut process = Command::new(program)
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            // In memory only: no file is written or read.
            .args(["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let up = async {
            while !answers(address).await {
                if let Some(status) = process.try_wait()? {
                    return Err(io::Error::other(format!("ended at once: {status}")));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        };
        tokio::time::timeout(Duration::from_secs(10), up)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "does not answer"))??;
        Ok(Self { process, address })
    }
}

async fn answers(address: SocketAddr) -> bool {
    let ping = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    ping.await.is_ok_and(|answer| &answer == b"+PONG\r\n")
}
