//! A process that forks: this library is loaded before `lock-forker`, in which no unsafe code is allowed, and forks where that asks
//! for its parent's number. Built by `build.rs`, used by `tests/processes/forked.rs`.

use std::ffi::c_int;

unsafe extern "C" {
    fn fork() -> c_int;
}

/// In place of the C library's: 0 in the child, the child's number in the parent.
///
/// # Safety
/// As of `fork`: in the child only the calling thread exists.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getppid() -> c_int {
    // SAFETY: the caller wants just that.
    unsafe { fork() }
}
