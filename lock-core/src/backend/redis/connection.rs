//! One connection to the server.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, Pipeline, ProtocolVersion, PushInfo,
    RedisConnectionInfo, RedisError, RedisResult, Value,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::access::Known;
use super::config::RedisConfig;
use super::fault;
use super::server::Server;
use crate::backend::{Fault, Generation};
use crate::clock::Moment;

type Io = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An open connection. Its bytes move only while [`poll_io`](Self::poll_io) is polled: the driver that owns it is the
/// one task that a request passes through. Dropping it closes the socket.
pub(super) struct Connection {
    pub(super) calls: MultiplexedConnection,
    /// `None`: the client library runs a task of its own (the certificates or socket options of a client of the user's).
    io: Option<Io>,
    pub(super) generation: Generation,
}

/// The server's clock, and when it was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerTime {
    pub(super) sent: Moment,
    pub(super) ms: u64,
}

impl Connection {
    /// Opens a connection for requests. Has no time limit of its own: whoever polls it drops it when it takes too long,
    /// by a clock that is not the runtime's.
    pub(super) async fn open(config: &RedisConfig) -> Result<(Self, Option<ServerTime>), Fault> {
        let info = config.located(ProtocolVersion::RESP2).await?;
        let mut connection =
            Self::connect(info, config, untimed()).await.map_err(|e| fault::of_opening(&e))?;
        let time = connection.look_around(config).await?;
        Ok((connection, time))
    }

    /// Opens a connection on which the server pushes what was published; `push` must not block.
    pub(super) async fn open_for_pushes(
        config: &RedisConfig,
        push: impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static,
    ) -> Result<(Self, Option<ServerTime>), Fault> {
        let settings = untimed().set_push_sender(push);
        let info = config.located(ProtocolVersion::RESP3).await?;
        let mut connection =
            Self::connect(info, config, settings).await.map_err(|e| fault::of_opening(&e))?;
        let time = connection.look_around(config).await?;
        Ok((connection, time))
    }

    /// Opens a connection to a server of whatever role, for questions about others.
    pub(super) async fn open_to_any(config: &RedisConfig) -> Result<Self, Fault> {
        let opened = Self::connect(config.info(ProtocolVersion::RESP2), config, untimed()).await;
        opened.map_err(|e| fault::of_opening(&e))
    }

    /// Opens a connection to a sentinel, which is no server that could keep anything.
    pub(super) async fn open_to_sentinel(
        config: &RedisConfig,
        protocol: ProtocolVersion,
        push: impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static,
    ) -> RedisResult<Self> {
        Self::connect(config.info(protocol), config, untimed().set_push_sender(push)).await
    }

    /// Connects and logs in, with what is known of logins and certificates. What was asked for by an earlier connection may be
    /// of no use any more: then it is asked for once more, and tried again.
    async fn connect(
        info: ConnectionInfo,
        config: &RedisConfig,
        settings: AsyncConnectionConfig,
    ) -> RedisResult<Self> {
        let known = config.known(&info, false).await?;
        let is_fresh = known.is_fresh;
        let error = match Self::connect_with(info.clone(), known, config, settings.clone()).await {
            Err(error) if !is_fresh && !error.is_connection_refusal() => error,
            connected => return connected,
        };
        match config.known(&info, true).await {
            Ok(known) => Self::connect_with(info, known, config, settings).await,
            Err(_) => Err(error),
        }
    }

    async fn connect_with(
        info: ConnectionInfo,
        known: Known,
        config: &RedisConfig,
        settings: AsyncConnectionConfig,
    ) -> RedisResult<Self> {
        let login = info.redis_settings().clone();
        let info = match &known.credentials {
            Some(credentials) => info.set_redis_settings(credentials.put_into(login)),
            None => info,
        };
        let redis = info.redis_settings();
        let (calls, io): (_, Option<Io>) = match info.addr() {
            ConnectionAddr::Tcp(host, port) if config.opens_own_stream() => {
                over(tcp(host, *port).await?, redis, settings).await?
            }
            #[cfg(feature = "tls")]
            ConnectionAddr::TcpTls { host, port, .. } if known.tls.is_some() => {
                let stream = super::tls::shake_hands(tcp(host, *port).await?, host, known.tls).await?;
                over(stream, redis, settings).await?
            }
            #[cfg(unix)]
            ConnectionAddr::Unix(path) if config.opens_own_stream() => {
                over(tokio::net::UnixStream::connect(path).await?, redis, settings).await?
            }
            address => {
                #[cfg(feature = "tls")]
                if matches!(address, ConnectionAddr::TcpTls { .. }) {
                    super::tls::provide_for_library();
                }
                #[cfg(not(feature = "tls"))]
                let _ = address;
                let client = Client::open(info)?;
                (client.get_multiplexed_async_connection_with_config(&settings).await?, None)
            }
        };
        Ok(Self { calls, io, generation: Generation::UNKNOWN })
    }

    /// Learns the server's run id, role and time in one round trip, each where the user may look.
    async fn look_around(&mut self, config: &RedisConfig) -> Result<Option<ServerTime>, Fault> {
        let mut questions = ::redis::pipe();
        questions.cmd("INFO").arg("server").cmd("ROLE").cmd("TIME");
        let sent = config.shared_clock().now();
        let answers = self.ask_all(&questions, 3).await;
        let [info, role, time] = <[Value; 3]>::try_from(answers.map_err(|e| fault::of_opening(&e))?)
            .map_err(|_| fault::transient("the server answered something else than was asked"))?;
        let server =
            Server::default().with_info(permitted(info)?.as_ref()).with_role(permitted(role)?.as_ref());
        server.must_be_master()?;
        if let Some(red) = config.as_red() {
            red.must_count(&server)?;
        }
        self.generation = server.generation();
        Ok(permitted(time)?.as_ref().and_then(millis).map(|ms| ServerTime { sent, ms }))
    }

    /// One command outside the driver: while connecting and checking.
    pub(super) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        let mut calls = self.calls.clone();
        self.beside_io(calls.send_packed_command(command)).await.and_then(no_error)
    }

    /// Several commands at once; each has an answer of its own, if only an error.
    pub(super) async fn ask_all(&mut self, commands: &Pipeline, count: usize) -> RedisResult<Vec<Value>> {
        let mut calls = self.calls.clone();
        self.beside_io(calls.send_packed_commands(commands, 0, count)).await
    }

    /// Subscribes a connection made by [`open_for_pushes`](Self::open_for_pushes).
    pub(super) async fn subscribe(&mut self, channel: &str) -> RedisResult<()> {
        let mut calls = self.calls.clone();
        self.beside_io(calls.subscribe(channel)).await
    }

    /// Moves bytes; ready when the connection has ended.
    pub(super) fn poll_io(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.io {
            Some(io) => io.as_mut().poll(context),
            None => Poll::Pending,
        }
    }

    /// Polls `future` and the bytes that it waits for.
    async fn beside_io<T>(&mut self, future: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let mut future = std::pin::pin!(future);
        let mut open = self.io.is_some();
        std::future::poll_fn(|context| {
            if let Poll::Ready(done) = future.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            if open && self.poll_io(context).is_ready() {
                open = false;
                self.io = None;
            }
            future.as_mut().poll(context)
        })
        .await
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection over a stream that is open, and what moves its bytes.
async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    redis: &RedisConnectionInfo,
    settings: AsyncConnectionConfig,
) -> RedisResult<(MultiplexedConnection, Option<Io>)> {
    let (calls, io) = MultiplexedConnection::new_with_config(redis, stream, settings).await?;
    Ok((calls, Some(Box::pin(io))))
}

/// No time limits here: they would need the timers of the user's runtime, which may be off, or paused by a test.
fn untimed() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None)
}

/// An error that the server said is an error, also where the client hands it over as a value.
pub(super) fn no_error(value: Value) -> RedisResult<Value> {
    match value {
        Value::ServerError(error) => Err(RedisError::from(error)),
        value => Ok(value),
    }
}

/// The answer, or `None` where the user may not ask, or what stands before the server does not know the question. Any
/// other error means that the connection can't be used yet: taken for a `None`, it would leave the connection without a
/// generation for all its life.
fn permitted(answer: Value) -> Result<Option<Value>, Fault> {
    match no_error(answer) {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code(), Some("NOPERM" | "ERR")) => Ok(None),
        Err(error) => Err(fault::of_opening(&error)),
    }
}

/// Milliseconds out of the answer to TIME, rounded down.
fn millis(time: &Value) -> Option<u64> {
    let (seconds, micros): (u64, u64) = ::redis::from_redis_value_ref(time).ok()?;
    seconds.checked_mul(1000)?.checked_add(micros / 1000)
}
