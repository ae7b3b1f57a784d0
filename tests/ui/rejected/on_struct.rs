use lock_core::{distributed_lock};

#[distributed_lock(name = "pay")]
struct Order;

fn main() {}
