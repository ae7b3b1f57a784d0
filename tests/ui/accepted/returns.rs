//! Return types are judged by what they are, not by how they are written.

use std::fmt::Debug;
use std::io;

use lock_core::{LockError, distributed_lock};

type Answer<T> = Result<T, ShopError>;

#[derive(Debug)]
enum ShopError {
    Lock,
    Empty,
}

impl From<LockError> for ShopError {
    fn from(_: LockError) -> Self {
        Self::Lock
    }
}

#[distributed_lock(name = "alias")]
async fn alias(empty: bool) -> Answer<u64> {
    if empty { Err(ShopError::Empty) } else { Ok(1) }
}

#[distributed_lock(name = "io")]
async fn io_result() -> io::Result<u64> {
    Ok(std::fs::metadata("/")?.len())
}

#[distributed_lock(name = "io")]
fn io_result_plain() -> io::Result<u64> {
    Ok(std::fs::metadata("/")?.len())
}

#[distributed_lock(name = "boxed-error")]
async fn boxed_error() -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Err("no".into())
}

#[distributed_lock(name = "coerced")]
async fn coerced(early: bool) -> Result<Box<dyn Debug + Send>, LockError> {
    if early {
        return Ok(Box::new("early"));
    }
    Ok(Box::new(2))
}

#[distributed_lock(name = "coerced")]
fn coerced_plain(early: bool) -> Result<Box<dyn Debug>, LockError> {
    if early {
        return Ok(Box::new("early"));
    }
    Ok(Box::new(2))
}

#[distributed_lock(name = "impl")]
fn impl_plain(early: bool) -> Result<impl Debug + Send, LockError> {
    if early {
        return Ok(1);
    }
    Ok(2)
}

#[distributed_lock(name = "qualified")]
#[allow(unused_qualifications)]
async fn qualified() -> std::result::Result<(), LockError> {
    Ok(())
}

#[test]
fn every_result_can_report_a_lock_error() {
    super::run(async {
        assert_eq!(alias(false).await.unwrap(), 1);
        assert!(matches!(alias(true).await, Err(ShopError::Empty)));
        let _: u64 = io_result().await.unwrap();
        let _: u64 = io_result_plain().unwrap();
        assert_eq!(boxed_error().await.unwrap_err().to_string(), "no");
        assert_eq!(
            format!("{:?} {:?}", coerced(true).await.unwrap(), coerced_plain(false).unwrap()),
            "\"early\" 2"
        );
        assert_eq!(format!("{:?}", impl_plain(true).unwrap()), "1");
        qualified().await.unwrap();
    });
}
