//! A subscription, as a manager has one.

use std::time::Duration;

use redis::{Connection, FromRedisValue, Value};

use super::server::Server;

/// Listens to channels.
pub(crate) struct Ears(Connection);

impl Ears {
    pub(crate) fn on(server: &Server) -> Self {
        let connection = server.connect();
        connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self(connection)
    }

    pub(crate) fn listen(&mut self, channel: &str, listens: bool) {
        let verb = if listens { "SUBSCRIBE" } else { "UNSUBSCRIBE" };
        self.0.send_packed_command(&redis::cmd(verb).arg(channel).get_packed_command()).unwrap();
        let (kind, named, _): (String, String, u64) = self.next();
        assert_eq!((kind, named.as_str()), (verb.to_lowercase(), channel));
    }

    /// Channel and text of the next message.
    pub(crate) fn hear(&mut self) -> (String, String) {
        let (kind, channel, text): (String, String, String) = self.next();
        assert_eq!(kind, "message");
        (channel, text)
    }

    fn next<T: FromRedisValue>(&mut self) -> T {
        let value = match self.0.recv_response().expect("a message within the time limit") {
            Value::Push { kind, data } => {
                let mut all = vec![Value::SimpleString(kind.to_string())];
                all.extend(data);
                Value::Array(all)
            }
            value => value,
        };
        redis::from_redis_value(value).unwrap()
    }
}
