//! From `on_busy = path` to a call with the same arguments.

use syn::{ExprPath, Signature};

use crate::args::{Arguments, OnBusy};
use crate::errors::Errors;
use crate::function::{Mode, Parameters, Rebuilt, rebuilt};
use crate::nested;

/// A function that is called instead of the body when the lock is busy.
pub(crate) struct Fallback<'a> {
    pub(crate) path: &'a ExprPath,
    pub(crate) arguments: Vec<Rebuilt>,
}

/// Reads the fallback and checks that this function can be left to it; `None` if there is none, or if it was reported.
pub(crate) fn read<'a>(
    arguments: &'a Arguments,
    sig: &Signature,
    parameters: &Parameters,
    errors: &mut Errors,
) -> Option<Fallback<'a>> {
    let Some(OnBusy::Path(path)) = arguments.on_busy.as_ref().map(|given| &given.value) else {
        return None;
    };
    if Mode::of(sig).returns().written().is_some_and(nested::hides) {
        errors.under(
            path,
            "this function returns an `impl Trait`, which stands for the one type that its body returns: write the type out, \
             or box it (`Box<dyn Trait>`), to let another function return it too",
        );
        return None;
    }
    match rebuilt(sig) {
        Ok(mut rebuilt) => {
            if OnBusy::is_method(path)
                && let Some(receiver) = parameters.receiver()
            {
                rebuilt.insert(0, receiver);
            }
            Some(Fallback { path, arguments: rebuilt })
        }
        Err(wrong) => {
            wrong.into_iter().for_each(|wrong| errors.under(wrong.pattern, wrong.message));
            None
        }
    }
}
