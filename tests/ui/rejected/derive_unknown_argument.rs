use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
enum Season {
    #[lock_key(name = "autumn")]
    Autumn,
}

fn main() {}
