use lock_core::distributed_lock;

#[distributed_lock(name = "pay")]
fn pay() -> impl Iterator<Item = u64> {
    [1].into_iter()
}

fn main() {}
