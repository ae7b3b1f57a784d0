use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
struct Nothing;

fn main() {}
