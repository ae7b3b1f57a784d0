//! What the proxy does to bytes.

use super::*;

/// Sends back what it gets.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || std::io::copy(&mut stream.try_clone().unwrap(), &mut stream));
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stream
}

fn receive(stream: &mut TcpStream, count: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).ok().map(|()| bytes)
}

#[test]
fn bytes_go_through() {
    let proxy = Proxy::start(echo(), 1);
    let mut stream = connect(&proxy);
    stream.write_all(b"hello").unwrap();
    assert_eq!(receive(&mut stream, 5).unwrap(), b"hello");
    assert_eq!((proxy.passed(Direction::ToServer), proxy.passed(Direction::ToClient)), (5, 5));
    assert_eq!(proxy.accepted(), 1);
}

#[test]
fn delayed_bytes_arrive_late_and_in_order() {
    let proxy = Proxy::start(echo(), 1);
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(20));
    proxy.delay(Direction::ToServer, delay, jitter);
    proxy.delay(Direction::ToClient, delay, jitter);
    let mut stream = connect(&proxy);
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let start = Instant::now();
    for byte in 0..=255 {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(receive(&mut stream, 256).unwrap(), (0..=255).collect::<Vec<u8>>());
    assert!(start.elapsed() >= 2 * delay);
}

#[test]
fn stalled_bytes_come_when_they_are_let_go() {
    let proxy = Proxy::start(echo(), 1);
    let mut stream = connect(&proxy);
    proxy.stall(Direction::ToClient, true);
    stream.write_all(b"abc").unwrap();
    assert_eq!(receive(&mut stream, 3), None);
    proxy.stall(Direction::ToClient, false);
    assert_eq!(receive(&mut stream, 3).unwrap(), b"abc");
}

#[test]
fn stalled_chunks_pass_one_by_one() {
    let proxy = Proxy::start(echo(), 1);
    let mut streams = [connect(&proxy), connect(&proxy)];
    proxy.stall(Direction::ToClient, true);
    assert!(!proxy.pass_one(Direction::ToClient));
    let limit = Duration::from_secs(5);
    for stream in &mut streams {
        stream.write_all(b"a").unwrap();
    }
    for passed in 1..=2 {
        crate::until(limit, "one is held back", || proxy.pass_one(Direction::ToClient));
        crate::until(limit, "it passes", || proxy.passed(Direction::ToClient) == passed);
    }
    assert!(!proxy.pass_one(Direction::ToClient));
    streams[0].write_all(b"b").unwrap();
    crate::until(limit, "one is held back", || proxy.pass_one(Direction::ToClient));
    proxy.stall(Direction::ToClient, false);
    for (stream, bytes) in streams.iter_mut().zip(["ab", "a"]) {
        assert_eq!(receive(stream, bytes.len()).unwrap(), bytes.as_bytes());
    }
}

#[test]
fn swallowed_bytes_never_come() {
    let proxy = Proxy::start(echo(), 1);
    let mut stream = connect(&proxy);
    proxy.swallow(Direction::ToClient, true);
    stream.write_all(b"abc").unwrap();
    assert_eq!(receive(&mut stream, 1), None);
    proxy.swallow(Direction::ToClient, false);
    stream.write_all(b"de").unwrap();
    assert_eq!(receive(&mut stream, 2).unwrap(), b"de");
}

#[test]
fn a_silent_connection_vanishes_and_neither_end_is_told() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap(), 1);
    proxy.vanish_after(Duration::from_millis(200));
    let mut client = connect(&proxy);
    let (mut server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    client.write_all(b"a").unwrap();
    assert_eq!(receive(&mut server, 1).unwrap(), b"a");
    thread::sleep(Duration::from_millis(300));
    client.write_all(b"b").unwrap();
    server.write_all(b"c").unwrap();
    assert_eq!((receive(&mut server, 1), receive(&mut client, 1)), (None, None));
    drop(client);
    let error = server.read(&mut [0]).expect_err("no end of the stream");
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut));
    let mut client = connect(&proxy);
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"d").unwrap();
    assert_eq!(receive(&mut server, 1).unwrap(), b"d");
    proxy.vanish();
    client.write_all(b"e").unwrap();
    server.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert_eq!(receive(&mut server, 1), None);
}

#[test]
fn a_connection_is_cut_after_the_asked_byte() {
    let proxy = Proxy::start(echo(), 1);
    for count in 0..5 {
        proxy.cut_after(Direction::ToServer, count);
        let before = proxy.passed(Direction::ToServer);
        let mut stream = connect(&proxy);
        stream.write_all(b"abcde").unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert_eq!(proxy.passed(Direction::ToServer) - before, count);
        assert!(!proxy.cut_is_pending(Direction::ToServer));
    }
}

#[test]
fn cut_and_refused_connections_end() {
    let proxy = Proxy::start(echo(), 1);
    let mut stream = connect(&proxy);
    stream.write_all(b"a").unwrap();
    assert_eq!(receive(&mut stream, 1).unwrap(), b"a");
    proxy.stall(Direction::ToClient, true);
    proxy.cut();
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    proxy.refuse(true);
    assert_eq!(connect(&proxy).read(&mut [0]).unwrap_or(0), 0);
    proxy.heal();
    let mut stream = connect(&proxy);
    stream.write_all(b"a").unwrap();
    assert_eq!(receive(&mut stream, 1).unwrap(), b"a");
}

#[test]
fn a_dropped_proxy_is_gone() {
    let proxy = Proxy::start(echo(), 1);
    let address = proxy.address();
    let mut stream = connect(&proxy);
    drop(proxy);
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    crate::until(Duration::from_secs(5), "the port is closed", || TcpStream::connect(address).is_err());
}
