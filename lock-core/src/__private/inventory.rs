//! The item by which a function becomes part of the inventory. The attribute always writes the call; whether anything
//! comes of it is decided here, by this crate's feature, since a macro crate may be built with other features than the
//! one that it is used through.

pub use crate::__lock_annotated as annotated;
#[cfg(feature = "inventory")]
pub use crate::annotated::{GivenDuration, Registered, registered};
#[cfg(feature = "inventory")]
pub use ::inventory::submit;

/// Registers a function.
#[cfg(feature = "inventory")]
#[doc(hidden)]
#[macro_export]
macro_rules! __lock_annotated {
    ($($about:tt)*) => {
        $crate::__private::submit! {
            $crate::__private::registered($crate::__private::Registered {
                module_path: $crate::__private::module_path!(),
                file: $crate::__private::file!(),
                line: $crate::__private::line!(),
                $($about)*
            })
        }
    };
}

/// Without the feature: nothing.
#[cfg(not(feature = "inventory"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lock_annotated {
    ($($about:tt)*) => {};
}
