//! What `on_busy = path` calls.

/// What the fallback of an async function returns.
#[diagnostic::on_unimplemented(
    message = "the fallback of an async function is awaited, but this one returns `{Self}`",
    label = "write `async fn` where it is defined"
)]
pub trait AsyncFallback {
    /// What it gives once it was awaited.
    type Returned;

    /// The future itself.
    fn awaited(self) -> impl Future<Output = Self::Returned>;
}

#[diagnostic::do_not_recommend]
impl<F: Future> AsyncFallback for F {
    type Returned = F::Output;

    fn awaited(self) -> impl Future<Output = F::Output> {
        self
    }
}

/// A future, whatever it is given: what is none is refused here, and not by `.await` once more.
pub fn fallback<F: AsyncFallback>(future: F) -> impl Future<Output = F::Returned> {
    future.awaited()
}
