use lock_core::{LockKey, LockKeyPart};

#[derive(LockKeyPart)]
struct Id<T>(T);

fn main() {
    LockKey::of(Id(1.5));
}
