use lock_core::distributed_lock;

#[distributed_lock(name = "serve")]
async fn serve() -> ! {
    loop {}
}

fn main() {}
