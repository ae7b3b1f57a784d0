use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
union Either {
    id: u64,
    code: u32,
}

fn main() {}
