//! A big body does not make a much bigger future than it is itself.

use std::hint::black_box;

use lock_core::{LockError, distributed_lock};

const BIG: usize = 16 * 1024;

#[distributed_lock(prefix = "size", key = "id")]
async fn small(id: u64) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    Ok(id)
}

#[distributed_lock(prefix = "size", key = "id")]
async fn big(id: u64) -> Result<u64, LockError> {
    let bytes = [1_u8; BIG];
    tokio::task::yield_now().await;
    Ok(id + u64::from(black_box(&bytes)[7]))
}

#[distributed_lock(prefix = "size", key = "id")]
#[distributed_lock(name = "size")]
async fn twice(id: u64) -> Result<u64, LockError> {
    let bytes = [1_u8; BIG];
    tokio::task::yield_now().await;
    Ok(id + u64::from(black_box(&bytes)[7]))
}

#[test]
fn a_big_body_is_in_the_future_once() {
    let without = size_of_val(&small(1));
    for with in [size_of_val(&big(1)), size_of_val(&twice(1))] {
        assert!(with < without * 2 + BIG * 3 / 2, "{with} with {BIG} in the body, {without} without");
    }
    super::run(async {
        assert_eq!(small(1).await.unwrap(), 1);
        assert_eq!(Box::pin(big(1)).await.unwrap(), 2);
        assert_eq!(Box::pin(twice(2)).await.unwrap(), 3);
    });
}
