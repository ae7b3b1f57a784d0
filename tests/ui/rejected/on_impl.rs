use lock_core::distributed_lock;

struct Order;

#[distributed_lock(name = "pay")]
impl Order {}

fn main() {}
