//! The TCP socket below a connection: its options, and what the other end says before anything works.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ::redis::io::tcp::{TcpSettings, socket2};
use ::redis::{ErrorKind, RedisError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A peer that was silent for so long is asked by the kernel, ..
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
/// .. so often, ..
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
/// .. and so many times, before the connection counts as dead. It is for connections that nobody drives at present: the pings of
/// [`liveness`](super::liveness) are faster.
const KEEPALIVE_TIMES: u32 = 3;
/// A connection whose bytes are not acknowledged for so long counts as dead: the kernel alone would try for a quarter of an hour.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// The options of every socket; those that the user of an existing client has chosen stay.
pub(super) fn options(chosen: &TcpSettings) -> TcpSettings {
    let mut options = chosen.clone().set_nodelay(true);
    if options.keepalive().is_none() {
        options = options.set_keepalive(keepalive());
    }
    #[cfg(any(target_os = "android", target_os = "linux"))]
    if options.user_timeout().is_none() {
        options = options.set_user_timeout(UNACKNOWLEDGED);
    }
    options
}

fn keepalive() -> socket2::TcpKeepalive {
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    #[cfg(not(windows))]
    let keepalive = keepalive.with_retries(KEEPALIVE_TIMES);
    keepalive
}

/// A socket that remembers what came last, until its connection works.
pub(super) struct Socket {
    stream: TcpStream,
    words: Words,
}

impl Socket {
    pub(super) async fn open(
        host: &str,
        port: u16,
        options: &TcpSettings,
        words: &Words,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(options.nodelay())?;
        let socket = socket2::SockRef::from(&stream);
        if let Some(keepalive) = options.keepalive() {
            socket.set_tcp_keepalive(keepalive)?;
        }
        #[cfg(any(target_os = "android", target_os = "linux"))]
        socket.set_tcp_user_timeout(options.user_timeout())?;
        words.listen();
        Ok(Self { stream, words: words.clone() })
    }

    /// A server that refuses says why and closes. Who was writing finds it closed: what it said is there, and read here.
    fn hear_the_rest(&mut self, context: &mut Context<'_>) {
        let mut bytes = [0; Words::MOST];
        while self.words.are_kept() {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.words.hear(buffer.filled()),
                _ => return,
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.words.are_kept() {
            self.words.hear(&buffer.filled()[before..]);
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Err(_)) = &polled {
            self.hear_the_rest(context);
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        if let Poll::Ready(Err(_)) = &polled {
            self.hear_the_rest(context);
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The last bytes that came while a connection was opened. Clones are of the same connection.
#[derive(Clone, Debug)]
pub(super) struct Words(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    on: AtomicBool,
    over_tls: bool,
    last: Mutex<Vec<u8>>,
}

impl Words {
    /// So many bytes are kept.
    const MOST: usize = 1024;
    /// So many characters of them are shown.
    const SHOWN: usize = 200;

    pub(super) fn new(over_tls: bool) -> Self {
        Self(Arc::new(Kept { on: AtomicBool::new(false), over_tls, last: Mutex::default() }))
    }

    /// The socket is open: from now on the other end may speak.
    fn listen(&self) {
        self.0.on.store(true, Ordering::Relaxed);
    }

    /// The connection works: nothing is kept any more.
    pub(super) fn forget(&self) {
        self.0.on.store(false, Ordering::Relaxed);
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new();
    }

    fn are_kept(&self) -> bool {
        self.0.on.load(Ordering::Relaxed)
    }

    fn hear(&self, bytes: &[u8]) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.extend_from_slice(bytes);
        let surplus = last.len().saturating_sub(Self::MOST);
        last.drain(..surplus);
    }

    /// Why the connection broke while it was opened, as far as the other end has said; `error` if it has not.
    pub(super) fn explain(&self, error: RedisError) -> RedisError {
        if !self.are_kept() || !(error.is_io_error() || error.kind() == ErrorKind::Parse) {
            return error;
        }
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(why) = explanation(self.0.over_tls, &last) else { return error };
        let what = match error.kind() {
            ErrorKind::Parse => "what answers there is no Redis or Valkey server".to_owned(),
            _ => error.to_string(),
        };
        RedisError::from(io::Error::other(format!("{what}: {why}")))
    }
}

/// Said of a connection that the other end closed at once.
pub(super) const WITHOUT_A_WORD: &str = "it was closed without a word";

fn explanation(over_tls: bool, last: &[u8]) -> Option<String> {
    // The first byte of a record of TLS, and the first of its version.
    let is_tls = matches!(last, [0x14..=0x17, 0x03, ..]);
    match (over_tls, last) {
        (true, []) => None,
        (true, _) if is_tls => None,
        (false, []) => Some(WITHOUT_A_WORD.to_owned()),
        (false, _) if is_tls => Some("the server speaks TLS there: write rediss:// for redis://".to_owned()),
        (_, _) => said(last).map(|said| format!("it said: {said}")),
    }
}

/// The last line, if it is an error, or something that no server of this kind says; cut and without control characters.
fn said(last: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(last);
    // Others begin with what they are, servers of this kind end with what is wrong.
    let foreign = ["HTTP/", "SSH-"].iter().any(|other| text.starts_with(other));
    let mut lines = text.trim_end().split("\r\n");
    let line = if foreign { lines.next() } else { lines.last() }?;
    let line = line.trim_start_matches('\n');
    // The client library's name, which older servers do not take, is not what they close a connection for.
    if line.is_empty() || line.starts_with(['+', ':', '$', '*', '_', '%', '>']) || line.contains("SETINFO") {
        return None;
    }
    let line = line.strip_prefix('-').unwrap_or(line);
    let clean: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let shown: String = clean.chars().take(Words::SHOWN).collect();
    Some(if shown.len() < clean.len() { format!("{shown} ..") } else { shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_socket_has_its_options_and_those_of_the_user_stay() {
        let ours = options(&TcpSettings::default());
        assert!(ours.nodelay() && ours.keepalive().is_some());
        let theirs = socket2::TcpKeepalive::new().with_time(Duration::from_secs(77));
        let chosen = options(&TcpSettings::default().set_keepalive(theirs.clone()));
        assert_eq!(format!("{:?}", chosen.keepalive()), format!("{:?}", Some(&theirs)));
        #[cfg(target_os = "linux")]
        {
            assert_eq!(ours.user_timeout(), Some(UNACKNOWLEDGED));
            let chosen = options(&TcpSettings::default().set_user_timeout(KEEPALIVE_AFTER));
            assert_eq!(chosen.user_timeout(), Some(KEEPALIVE_AFTER));
        }
    }

    #[tokio::test]
    async fn an_open_socket_has_them() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let options = options(&TcpSettings::default());
        let socket = Socket::open("127.0.0.1", port, &options, &Words::new(false)).await.unwrap();
        let raw = socket2::SockRef::from(&socket.stream);
        assert!(raw.keepalive().unwrap() && raw.tcp_nodelay().unwrap());
        #[cfg(target_os = "linux")]
        {
            assert_eq!(raw.tcp_keepalive_time().unwrap(), KEEPALIVE_AFTER);
            assert_eq!(raw.tcp_keepalive_interval().unwrap(), KEEPALIVE_EVERY);
            assert_eq!(raw.tcp_keepalive_retries().unwrap(), KEEPALIVE_TIMES);
            assert_eq!(raw.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
        }
    }

    #[test]
    fn last_words_are_shown_cleaned_and_cut() {
        let words = |bytes: &[u8]| explanation(false, bytes);
        assert_eq!(
            words(b"-ERR max number of clients reached\r\n").unwrap(),
            "it said: ERR max number of clients reached"
        );
        assert_eq!(
            words(b"+OK\r\n-ERR Unknown subcommand 'SETINFO'\r\n-DENIED Redis\x07is\r\n").unwrap(),
            "it said: DENIED Redis is"
        );
        let http = words(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").unwrap();
        assert_eq!(http, "it said: HTTP/1.1 400 Bad Request");
        assert_eq!(words(b"+OK\r\n"), None);
        assert_eq!(words(b"-ERR Unknown subcommand 'SETINFO'\r\n"), None);
        let long = words(format!("-ERR {}\r\n", "x".repeat(900)).as_bytes()).unwrap();
        assert!(long.len() < 230 && long.ends_with(".."), "{long}");
        assert!(words(&[0x15, 0x03, 0x01, 0, 2, 2, 70]).unwrap().contains("write rediss://"));
        assert_eq!(words(b"").unwrap(), WITHOUT_A_WORD);
    }

    #[test]
    fn only_the_last_bytes_are_kept_and_none_once_it_works() {
        let words = Words::new(false);
        words.listen();
        words.hear(&[b'x'; 5000]);
        words.hear(b"-ERR last\r\n");
        assert_eq!(words.0.last.lock().unwrap().len(), Words::MOST);
        words.forget();
        assert!(!words.are_kept() && words.0.last.lock().unwrap().capacity() == 0);
    }
}
