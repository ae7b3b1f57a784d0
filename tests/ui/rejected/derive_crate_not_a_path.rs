use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
#[lock_key(crate = 3)]
struct OrderId(u64);

fn main() {}
