//! Parameters that take their argument apart.

use lock_core::{LockError, distributed_lock};

/// As web frameworks write their extractors.
struct Path<T>(T);
struct Json<T>(T);
struct State<'a, T>(&'a T);

#[derive(Clone, Copy)]
struct Point {
    x: u64,
    y: u64,
}

#[distributed_lock(prefix = "p", key = "{id}:{tenant}", guard = held)]
async fn handler(
    State(shop): State<'_, String>,
    Path((tenant, id)): Path<(u64, u64)>,
    Json(mut body): Json<Vec<u64>>,
) -> Result<String, LockError> {
    body.push(id);
    Ok(format!("{} {shop} {}", held.name(), body.len()))
}

#[distributed_lock(prefix = "p", key = (x, b))]
async fn nested(
    Point { x, y: _ }: Point,
    (_, [a, .., b]): (u64, [u64; 3]),
    &c: &u64,
    _: String,
) -> Result<u64, LockError> {
    Ok(x + a + b + c)
}

#[allow(clippy::toplevel_ref_arg)]
#[distributed_lock(prefix = "p", key = "whole.x")]
fn bound(
    whole @ Point { y, .. }: Point,
    ref text: String,
    &_: &u64,
    mut count: u64,
) -> Result<u64, LockError> {
    count += 1;
    Ok(whole.x + y + text.len() as u64 + count)
}

#[test]
fn patterns_bind_for_key_and_body() {
    super::run(async {
        let shop = "corner".to_owned();
        let answer = handler(State(&shop), Path((3, 4)), Json(vec![])).await.unwrap();
        assert_eq!(answer, "LOCK:p:4:3 corner 1");
        assert_eq!(nested(Point { x: 1, y: 2 }, (0, [3, 4, 5]), &6, String::new()).await.unwrap(), 15);
        assert_eq!(bound(Point { x: 1, y: 2 }, "four".to_owned(), &0, 0).unwrap(), 8);
    });
}
