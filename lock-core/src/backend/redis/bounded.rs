//! A stream that ends where a reply, or a pushed message, is longer than any that this library has use for.
//!
//! What could go wrong: somebody publishes a message of 200 MB on the channel of grants, and every process that listens takes it
//! into memory as a whole, twice, before it can see that it is no grant. It can't: the client library reads through this, which
//! follows the protocol's frames and fails at the line that announces the length. The connection is then made anew.
//!
//! A client of the user's own making (with its certificates or socket options) opens its connections itself: those have no bound.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many values one reply has at most: the map of a cluster of 16,384 slots has some for each.
const MOST_VALUES: usize = 1 << 20;

/// The stream, and where in its frames it is.
pub(super) struct Bounded<S> {
    stream: S,
    frames: Frames,
}

impl<S> Bounded<S> {
    /// `most`: how many bytes a text may have.
    pub(super) fn new(stream: S, most: usize) -> Self {
        Self { stream, frames: Frames { most, at: At::Line(Line::default()) } }
    }
}

/// What is read of the protocol's frames: lines, of which some announce so many bytes to come. How they are nested does not matter.
struct Frames {
    most: usize,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    /// In a line.
    Line(Line),
    /// In a text, which has so many bytes yet; its line end is counted.
    Text(usize),
}

/// What of a line has come.
#[derive(Clone, Copy, Default)]
struct Line {
    length: usize,
    kind: u8,
    /// The number behind its kind; `None` if something else stands there.
    number: Option<usize>,
}

impl Frames {
    /// Follows `bytes`; whether all is within the bounds.
    fn follow(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            match &mut self.at {
                At::Text(left) => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    bytes = &bytes[taken..];
                    if *left == 0 {
                        self.at = At::Line(Line::default());
                    }
                }
                At::Line(line) => {
                    bytes = rest;
                    if byte != b'\n' {
                        line.add(byte);
                        if line.length > self.most {
                            return false;
                        }
                        continue;
                    }
                    let Line { kind, number, .. } = *line;
                    self.at = match (kind, number) {
                        (b'$' | b'=' | b'!' | b';', Some(length)) if length > self.most => return false,
                        (b'$' | b'=' | b'!' | b';', Some(length)) => At::Text(length + 2),
                        (b'*' | b'~' | b'>' | b'%' | b'|', Some(count)) if count > MOST_VALUES => {
                            return false;
                        }
                        _ => At::Line(Line::default()),
                    };
                }
            }
        }
        true
    }
}

impl Line {
    fn add(&mut self, byte: u8) {
        match (self.length, byte) {
            (0, kind) => self.kind = kind,
            (1, b'0'..=b'9') => self.number = Some(usize::from(byte - b'0')),
            (_, b'0'..=b'9') => {
                self.number = self
                    .number
                    .map(|number| number.saturating_mul(10).saturating_add(usize::from(byte - b'0')));
            }
            (_, b'\r') => {}
            _ => self.number = None,
        }
        self.length += 1;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) && !self.frames.follow(&buffer.filled()[before..]) {
            let most = self.frames.most;
            let what = format!(
                "the lock server sent more than {most} bytes at once, which no reply and no grant has"
            );
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, what)));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn follows(bytes: &[u8], parts: usize) -> bool {
        let mut frames = Frames { most: 100, at: At::Line(Line::default()) };
        bytes.chunks(parts).all(|part| frames.follow(part))
    }

    #[test]
    fn what_is_announced_too_long_is_not_read() {
        let hundred = format!("$100\r\n{}\r\n:5\r\n", "\n".repeat(100));
        let within: [&[u8]; 8] = [
            b"+OK\r\n",
            b"$-1\r\n$0\r\n\r\n",
            b"*3\r\n:1\r\n$3\r\n$99\r\n+x\r\n",
            b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
            b"%1\r\n+a\r\n,1.5\r\n_\r\n#t\r\n",
            b"=7\r\ntxt:$99\r\n$99\r\n",
            b"*-1\r\n*0\r\n:-999999999999\r\n",
            hundred.as_bytes(),
        ];
        let line = format!("-ERR {}\r\n", "x".repeat(100));
        let beyond: [&[u8]; 8] = [
            b"$101\r\n",
            b"$200000000\r\n",
            b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$101\r\n",
            b"=101\r\n",
            b"!101\r\n",
            b"$99999999999999999999999999\r\n",
            b"*99999999999\r\n",
            line.as_bytes(),
        ];
        for parts in [1, 2, 3, 7, 1000] {
            for bytes in within {
                assert!(follows(bytes, parts), "{}", String::from_utf8_lossy(bytes));
            }
            for bytes in beyond {
                assert!(!follows(bytes, parts), "{}", String::from_utf8_lossy(bytes));
            }
        }
    }

    proptest! {
        #[test]
        fn texts_hide_nothing_and_betray_nothing(
            texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..8),
            parts in 1..50_usize,
        ) {
            let mut bytes = format!("*{}\r\n", texts.len()).into_bytes();
            for text in &texts {
                bytes.extend(format!("${}\r\n", text.len()).bytes());
                bytes.extend(text);
                bytes.extend(b"\r\n");
            }
            prop_assert!(follows(&bytes, parts));
            bytes.extend(b"$101\r\n");
            prop_assert!(!follows(&bytes, parts));
        }
    }
}
