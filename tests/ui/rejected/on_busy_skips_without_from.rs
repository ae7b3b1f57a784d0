use lock_core::distributed_lock;

struct PayError;

#[distributed_lock(name = "pay", on_busy = "skip")]
async fn pay() -> Result<(), PayError> {
    Ok(())
}

fn main() {}
