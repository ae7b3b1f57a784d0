use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
struct Point {
    id: u64,
    x: f64,
}

fn main() {}
