use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
#[lock_key]
struct OrderId(u64);

fn main() {}
