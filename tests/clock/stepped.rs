//! A clock that can be wrong: this library is loaded before a server, and adds what a file says to its time of day. The
//! monotonic clocks stay as they are. Built by `build.rs`, used by `src/server/clock.rs`.

use std::ffi::{c_int, c_long, c_void};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

const FILE: &str = "STEPPED_CLOCK_FILE";
const REALTIME: c_int = 0;
const REALTIME_COARSE: c_int = 5;
/// The kernel's own clock: the C library's function is replaced here.
const CLOCK_GETTIME: c_long = if cfg!(target_arch = "x86_64") { 228 } else { 113 };

#[repr(C)]
pub struct TimeOfDay {
    seconds: c_long,
    microseconds: c_long,
}

#[repr(C)]
pub struct Time {
    seconds: c_long,
    nanoseconds: c_long,
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// So many ms it is ahead, or behind.
fn ahead_ms() -> i64 {
    static OPENED: OnceLock<Option<File>> = OnceLock::new();
    let file = OPENED.get_or_init(|| File::open(std::env::var_os(FILE)?).ok());
    let mut ms = [0; 8];
    match file.as_ref().map(|file| file.read_exact_at(&mut ms, 0)) {
        Some(Ok(())) => i64::from_le_bytes(ms),
        _ => 0,
    }
}

fn now_ns() -> i64 {
    let mut time = Time { seconds: 0, nanoseconds: 0 };
    // SAFETY: the pointer is good, and this clock exists everywhere.
    unsafe { syscall(CLOCK_GETTIME, REALTIME, &raw mut time) };
    time.seconds * 1_000_000_000 + time.nanoseconds + ahead_ms() * 1_000_000
}

/// In place of the C library's.
///
/// # Safety
/// `time` is where to write the time, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Time) -> c_int {
    if !matches!(clock, REALTIME | REALTIME_COARSE) || time.is_null() {
        // SAFETY: it is what the caller asked for.
        return unsafe { syscall(CLOCK_GETTIME, clock, time) } as c_int;
    }
    let now = now_ns();
    let now = Time { seconds: now.div_euclid(1_000_000_000), nanoseconds: now.rem_euclid(1_000_000_000) };
    // SAFETY: the caller says so.
    unsafe { time.write(now) };
    0
}

/// In place of the C library's.
///
/// # Safety
/// `time` is where to write the time, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut TimeOfDay, _zone: *mut c_void) -> c_int {
    let us = now_ns().div_euclid(1000);
    let now = TimeOfDay { seconds: us.div_euclid(1_000_000), microseconds: us.rem_euclid(1_000_000) };
    if !time.is_null() {
        // SAFETY: the caller says so.
        unsafe { time.write(now) };
    }
    0
}

/// In place of the C library's.
///
/// # Safety
/// `seconds` is where to write the time too, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(seconds: *mut c_long) -> c_long {
    let now = now_ns().div_euclid(1_000_000_000);
    if !seconds.is_null() {
        // SAFETY: the caller says so.
        unsafe { seconds.write(now) };
    }
    now
}
