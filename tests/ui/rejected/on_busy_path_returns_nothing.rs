use lock_core::distributed_lock;

#[distributed_lock(name = "pay", on_busy = try_later)]
async fn pay(order_id: u64) {
    let _ = order_id;
}

async fn try_later(order_id: u64) {
    let _ = order_id;
}

fn main() {}
