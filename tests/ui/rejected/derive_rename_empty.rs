use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
enum Season {
    #[lock_key(rename = "")]
    Autumn,
}

fn main() {}
