use lock_core::distributed_lock;

#[distributed_lock(name = "pay")]
fn pay() -> impl Future<Output = u64> {
    async { 1 }
}

fn main() {}
