use lock_core::LockKeyPart;

#[derive(LockKeyPart)]
struct Marker<T>(std::marker::PhantomData<T>);

fn main() {}
