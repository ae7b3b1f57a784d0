use lock_core::LockKeyPart;

struct Shop;

#[derive(LockKeyPart)]
struct Order {
    id: u64,
    shop: Option<Shop>,
}

fn main() {}
