use lock_core::distributed_lock;

#[distributed_lock(name = "pay")]
async fn pay() {}

#[distributed_lock(name = "pay")]
fn plain() {}

fn main() {}
