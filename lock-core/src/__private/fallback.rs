//! What `on_busy = path` calls.

/// What the fallback of an async function returns.
#[diagnostic::on_unimplemented(
    message = "the fallback of an async function is awaited, but this returns `{Self}`",
    label = "write `async fn` where it is defined",
    note = "`on_busy = path` calls `path` with the same arguments, and awaits it if the function is async"
)]
pub trait AsyncFallback: Future {}

#[diagnostic::do_not_recommend]
impl<F: Future> AsyncFallback for F {}

/// Points the compiler's complaint at the fallback.
pub fn fallback<F: AsyncFallback>(future: F) -> F {
    future
}
