use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
enum Never {}

fn main() {}
