//! placeholder of the skeleton
/// k
#[derive(Clone, Debug)]
pub struct LockKey(());
impl LockKey {
    /// k
    pub fn of<T>(_t: T) -> Self {
        Self(())
    }
}
/// e
#[derive(Clone, Debug, thiserror::Error)]
#[error("bad key")]
pub struct KeyError;
