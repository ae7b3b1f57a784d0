use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
enum Basket {
    Empty,
    Full(Vec<u64>),
}

fn main() {}
