//! A blocking client that can say anything to a server, independent of the client under test.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A reply of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `nil`.
    Nil,
    /// `OK` and its like, and strings.
    Text(String),
    /// A number.
    Integer(i64),
    /// An error, with its code in front.
    Error(String),
    /// Several values.
    Array(Vec<Value>),
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one, also one written as text.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The elements; none if it is no array.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// Whether it is an error that begins with `code`.
    #[must_use]
    pub fn is_error(&self, code: &str) -> bool {
        matches!(self, Self::Error(text) if text.starts_with(code))
    }
}

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// One connection. A server that does not answer within `limit` is an error.
pub struct Connection(BufReader<Box<dyn Stream>>);

impl Connection {
    /// Connects over TCP.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn tcp(address: SocketAddr, limit: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(Box::new(stream))))
    }

    /// Connects to a unix socket.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn unix(path: &Path, limit: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(limit))?;
        Ok(Self(BufReader::new(Box::new(stream))))
    }

    /// Sends one command and reads its reply; a server's error is a [`Value::Error`].
    ///
    /// # Errors
    /// If the connection fails or the reply does not come in time.
    pub fn command(&mut self, arguments: &[&str]) -> io::Result<Value> {
        let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
        for argument in arguments {
            bytes.extend_from_slice(format!("${}\r\n{argument}\r\n", argument.len()).as_bytes());
        }
        self.0.get_mut().write_all(&bytes)?;
        self.value()
    }

    fn value(&mut self) -> io::Result<Value> {
        let line = self.line()?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(|| strange("an empty line"))?;
        let number = || rest.parse::<i64>().map_err(|_| strange(&line));
        Ok(match kind {
            "+" => Value::Text(rest.to_owned()),
            "-" => Value::Error(rest.to_owned()),
            ":" => Value::Integer(number()?),
            "$" => match usize::try_from(number()?) {
                Err(_) => Value::Nil,
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    self.0.read_exact(&mut bytes)?;
                    bytes.truncate(length);
                    Value::Text(String::from_utf8_lossy(&bytes).into_owned())
                }
            },
            "*" => match usize::try_from(number()?) {
                Err(_) => Value::Nil,
                Ok(length) => Value::Array((0..length).map(|_| self.value()).collect::<io::Result<_>>()?),
            },
            _ => return Err(strange(&line)),
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches("\r\n").to_owned())
    }
}

fn strange(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not RESP: {what:?}"))
}
