//! A network that can be broken: a TCP proxy between a client and a server.

#[cfg(test)]
mod tests;
mod unknown;

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::seed::Seed;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Replies and pushes.
    ToClient,
}

/// What happens to bytes of one direction, on all connections.
#[derive(Debug, Default)]
struct Rules {
    delay: Duration,
    jitter: Duration,
    stalled: bool,
    /// How many chunks are held back now, and how many of them may pass all the same.
    waiting: usize,
    passes: usize,
    swallowing: bool,
    cut_after: Option<u64>,
    passed: u64,
}

#[derive(Debug)]
struct State {
    rules: [Rules; 2],
    seed: Seed,
    refusing: bool,
    closed: bool,
    vanish_after: Option<Duration>,
    unknown: Option<String>,
    connections: Vec<Pair>,
    accepted: usize,
}

/// One connection: the client's stream and the server's.
#[derive(Debug)]
struct Pair {
    client: TcpStream,
    server: TcpStream,
    trace: Arc<Mutex<Trace>>,
}

/// What a network that translates addresses keeps of a connection.
#[derive(Debug)]
struct Trace {
    last: Instant,
    vanished: bool,
}

impl Trace {
    /// Whether bytes that come now still find their way.
    fn carries(&mut self, vanish_after: Option<Duration>) -> bool {
        self.vanished |= vanish_after.is_some_and(|limit| self.last.elapsed() >= limit);
        self.last = Instant::now();
        !self.vanished
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn cut(&mut self) {
        for Pair { client, server, .. } in self.connections.drain(..) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A proxy on a port of its own. Its rules can be changed while it runs; they hold for all of its connections, present
/// and future. Gone when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Lets everything through to `server`. `seed` decides about jitter.
    ///
    /// # Panics
    /// If it cannot listen.
    #[must_use]
    pub fn start(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                rules: [Rules::default(), Rules::default()],
                seed: Seed::new(seed),
                refusing: false,
                closed: false,
                vanish_after: None,
                unknown: None,
                connections: Vec::new(),
                accepted: 0,
            }),
            changed: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, server, &accepting));
        Self { address, shared }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every byte arrives `delay` later, plus a random part of `jitter`; the order stays.
    pub fn delay(&self, direction: Direction, delay: Duration, jitter: Duration) {
        self.change(direction, |rules| (rules.delay, rules.jitter) = (delay, jitter));
    }

    /// Holds bytes back, or (`false`) lets go what was held back.
    pub fn stall(&self, direction: Direction, stalled: bool) {
        self.change(direction, |rules| (rules.stalled, rules.passes) = (stalled, 0));
    }

    /// While bytes are held back: lets go what one connection brought at once, as a rule one message. Says whether there was
    /// anything.
    #[must_use]
    pub fn pass_one(&self, direction: Direction) -> bool {
        let mut waits = false;
        self.change(direction, |rules| {
            waits = rules.waiting > rules.passes;
            rules.passes += usize::from(waits);
        });
        waits
    }

    /// Takes bytes and forgets them; both ends believe that the connection is well. Streams that lost bytes are of no
    /// more use: [`cut`](Self::cut) them when it ends.
    pub fn swallow(&self, direction: Direction, swallowing: bool) {
        self.change(direction, |rules| rules.swallowing = swallowing);
    }

    /// Swallows both ways: the peer is there, and silent.
    pub fn black_hole(&self, on: bool) {
        self.swallow(Direction::ToServer, on);
        self.swallow(Direction::ToClient, on);
    }

    /// From now on a connection that carries nothing for so long is forgotten, as a NAT gateway or a load balancer does: what
    /// comes later is swallowed, both ways, and neither end is told, not even that the other one has closed it.
    pub fn vanish_after(&self, silence: Duration) {
        self.shared.state().vanish_after = Some(silence);
    }

    /// Forgets all present connections in this way, as when an address moves to another machine. New ones work.
    pub fn vanish(&self) {
        for pair in &self.shared.state().connections {
            locked(&pair.trace).vanished = true;
        }
    }

    /// From now on the server does not know this command (in upper case), or (`None`) knows all: the name is changed on the way,
    /// so that the server answers in its own words.
    pub fn make_unknown(&self, command: Option<&str>) {
        self.shared.state().unknown = command.map(str::to_owned);
    }

    /// Lets `bytes` more through, then closes the connection that brings the next one, once.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.change(direction, |rules| rules.cut_after = Some(bytes));
    }

    /// Closes all present connections.
    pub fn cut(&self) {
        self.shared.state().cut();
        self.shared.changed.notify_all();
    }

    /// Closes new connections at once, or (`false`) accepts them again.
    pub fn refuse(&self, refusing: bool) {
        self.shared.state().refusing = refusing;
    }

    /// Everything as at the start, for connections made from now on; present ones are closed.
    pub fn heal(&self) {
        let mut state = self.shared.state();
        // First: of a stream that lost bytes nothing more may arrive.
        state.cut();
        state.refusing = false;
        (state.vanish_after, state.unknown) = (None, None);
        for rules in &mut state.rules {
            *rules = Rules { passed: rules.passed, waiting: rules.waiting, ..Rules::default() };
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// How many bytes went through so far.
    #[must_use]
    pub fn passed(&self, direction: Direction) -> u64 {
        self.shared.state().rules[direction as usize].passed
    }

    /// Whether a cut that was asked for is yet to come.
    #[must_use]
    pub fn cut_is_pending(&self, direction: Direction) -> bool {
        self.shared.state().rules[direction as usize].cut_after.is_some()
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.shared.state().accepted
    }

    fn change(&self, direction: Direction, change: impl FnOnce(&mut Rules)) {
        change(&mut self.shared.state().rules[direction as usize]);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        let mut state = shared.state();
        if state.closed {
            return;
        }
        let Ok(client) = client else { continue };
        state.accepted += 1;
        if state.refusing {
            continue;
        }
        drop(state);
        // Dropping the client's stream says what a closed port says, only later.
        let Ok(server) = TcpStream::connect(server) else {
            continue;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let pair = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
        let (Some(requests), Some((to, from))) = (pair(), pair()) else {
            continue;
        };
        let trace = Arc::new(Mutex::new(Trace { last: Instant::now(), vanished: false }));
        shared.state().connections.push(Pair { client, server, trace: Arc::clone(&trace) });
        spawn_pump(Direction::ToServer, requests.0, requests.1, shared, &trace);
        spawn_pump(Direction::ToClient, from, to, shared, &trace);
    }
}

/// Bytes on their way, and when they may arrive.
#[derive(Debug, Default)]
struct Wire {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<(Instant, Vec<u8>)>,
    ended: bool,
}

impl Wire {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reading and writing are two threads, so that a delay does not make the line slower, only longer.
fn spawn_pump(
    direction: Direction,
    from: TcpStream,
    to: TcpStream,
    shared: &Arc<Shared>,
    trace: &Arc<Mutex<Trace>>,
) {
    let wire = Arc::new(Wire::default());
    let (reading, shared_reading) = (Arc::clone(&wire), Arc::clone(shared));
    thread::spawn(move || read_into(&reading, from, direction, &shared_reading));
    let (shared, trace) = (Arc::clone(shared), Arc::clone(trace));
    thread::spawn(move || write_from(&wire, to, direction, &shared, &trace));
}

fn read_into(wire: &Wire, mut from: TcpStream, direction: Direction, shared: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    let mut last = Instant::now();
    loop {
        let count = from.read(&mut buffer).unwrap_or(0);
        let mut state = shared.state();
        let (delay, jitter) = {
            let rules = &state.rules[direction as usize];
            (rules.delay, rules.jitter)
        };
        let jitter = state.seed.below(u64::try_from(jitter.as_micros()).unwrap_or(0));
        drop(state);
        // Never before what was sent earlier.
        last = last.max(Instant::now() + delay + Duration::from_micros(jitter));
        let mut queue = wire.queue();
        if count == 0 {
            queue.ended = true;
        } else {
            queue.chunks.push_back((last, buffer[..count].to_vec()));
        }
        drop(queue);
        wire.changed.notify_all();
        if count == 0 {
            // Wakes a writer that is stalled; under the lock, so not between its look and its wait.
            let _state = shared.state();
            shared.changed.notify_all();
            return;
        }
    }
}

fn write_from(wire: &Wire, mut to: TcpStream, direction: Direction, shared: &Shared, trace: &Mutex<Trace>) {
    while let Some((due, mut bytes)) = next_chunk(wire) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let vanish_after = shared.state().vanish_after;
        if !locked(trace).carries(vanish_after) {
            continue;
        }
        let (keep, cut) = admit(wire, bytes.len(), direction, shared);
        if direction == Direction::ToServer
            && let Some(command) = &shared.state().unknown
        {
            unknown::make_unknown(&mut bytes, command);
        }
        let written = to.write_all(&bytes[..keep]).is_ok();
        if cut || !written {
            break;
        }
    }
    if locked(trace).vanished {
        return;
    }
    // The pump of the other direction reads the end from its own streams.
    let _ = to.shutdown(Shutdown::Both);
}

fn next_chunk(wire: &Wire) -> Option<(Instant, Vec<u8>)> {
    let mut queue = wire.queue();
    loop {
        if let Some(chunk) = queue.chunks.pop_front() {
            return Some(chunk);
        }
        if queue.ended {
            return None;
        }
        queue = wire.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

/// How many of `count` bytes may pass, and whether the connection is to be cut behind them.
fn admit(wire: &Wire, count: usize, direction: Direction, shared: &Shared) -> (usize, bool) {
    let mut state = shared.state();
    loop {
        if state.closed {
            return (0, true);
        }
        let rules = &mut state.rules[direction as usize];
        if !rules.stalled {
            break;
        }
        if rules.passes > 0 {
            rules.passes -= 1;
            break;
        }
        if wire.queue().ended {
            // The sender is gone: what was held back is lost with the connection, as on a broken line.
            return (0, true);
        }
        rules.waiting += 1;
        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.rules[direction as usize].waiting -= 1;
    }
    let rules = &mut state.rules[direction as usize];
    if rules.swallowing {
        return (0, false);
    }
    let keep = match rules.cut_after {
        Some(limit) if limit < count as u64 => {
            rules.cut_after = None;
            let keep = usize::try_from(limit).unwrap_or(count);
            rules.passed += limit;
            return (keep, true);
        }
        Some(limit) => {
            rules.cut_after = Some(limit - count as u64);
            count
        }
        None => count,
    };
    rules.passed += keep as u64;
    (keep, false)
}
