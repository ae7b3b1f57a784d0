use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
#[lock_key(rename = "order")]
struct OrderId(u64);

fn main() {}
