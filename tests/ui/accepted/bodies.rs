//! Every way in which a body can end.

use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "question-mark")]
async fn question_mark(text: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let number: u64 = text.parse()?;
    Ok(number)
}

#[distributed_lock(name = "early")]
async fn early(stop: bool) -> Result<u64, LockError> {
    if stop {
        return Ok(0);
    }
    tokio::task::yield_now().await;
    Ok(1)
}

#[distributed_lock(name = "early-plain")]
fn early_plain(stop: bool) -> Result<u64, LockError> {
    if stop {
        return Ok(0);
    }
    Ok(1)
}

#[distributed_lock(name = "loop")]
async fn endless(mut count: u64) -> Result<u64, LockError> {
    loop {
        count += 1;
        if count > 3 {
            return Ok(count);
        }
    }
}

#[distributed_lock(name = "panic")]
async fn panics() -> Result<u64, LockError> {
    panic!("at once")
}

#[distributed_lock(name = "to-do")]
fn unfinished(_order: u64) -> Result<u64, LockError> {
    unimplemented!()
}

#[distributed_lock(name = "inner-attribute")]
async fn inner_attribute() -> Result<u64, LockError> {
    #![allow(unused_variables)]
    let unused = 1;
    Ok(2)
}

#[distributed_lock(name = "nested")]
async fn nested(depth: u64) -> Result<u64, LockError> {
    if depth == 0 { Ok(0) } else { Box::pin(nested(depth - 1)).await }
}

/// # Safety
///
/// None needed.
unsafe fn read(value: *const u64) -> u64 {
    unsafe { *value }
}

struct Pointer(*const u64);
unsafe impl Send for Pointer {}

/// # Safety
///
/// The pointer must be valid.
#[distributed_lock(name = "unsafe")]
unsafe fn unsafely(pointer: Pointer) -> Result<u64, LockError> {
    Ok(unsafe { read(pointer.0) })
}

/// In edition 2021 the body of an unsafe function is an unsafe block.
///
/// # Safety
///
/// The pointer must be valid.
#[distributed_lock(name = "unsafe")]
#[allow(unsafe_op_in_unsafe_fn)]
unsafe fn unsafely_by_context(pointer: Pointer) -> Result<u64, LockError> {
    Ok(read(pointer.0))
}

#[test]
fn bodies_end_as_they_were_written() {
    super::run(async {
        assert_eq!(question_mark("7").await.unwrap(), 7);
        assert!(question_mark("x").await.unwrap_err().is::<std::num::ParseIntError>());
        assert_eq!(early(true).await.unwrap() + early(false).await.unwrap(), 1);
        assert_eq!(early_plain(true).unwrap() + early_plain(false).unwrap(), 1);
        assert_eq!(endless(0).await.unwrap(), 4);
        assert_eq!(inner_attribute().await.unwrap(), 2);
        assert_eq!(nested(2).await.unwrap(), 0);
        assert_eq!(unsafe { unsafely(Pointer(&5)) }.unwrap(), 5);
        assert_eq!(unsafe { unsafely_by_context(Pointer(&6)) }.unwrap(), 6);
        assert!(tokio::spawn(panics()).await.unwrap_err().is_panic());
        assert!(std::panic::catch_unwind(|| unfinished(1)).is_err());
    });
}
