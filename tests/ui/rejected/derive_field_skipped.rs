use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
struct Order {
    id: u64,
    #[lock_key(skip)]
    amount: u64,
}

fn main() {
    lock_core::LockKey::of(Order { id: 1, amount: 2 });
}
