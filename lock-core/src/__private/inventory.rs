//! The item by which a function becomes part of the inventory. The attribute always writes the call; whether anything
//! comes of it is decided here, by this crate's feature, since a macro crate may be built with other features than the
//! one that it is used through.

pub use crate::__lock_annotated as annotated;
#[cfg(feature = "inventory")]
pub use crate::annotated::{Registered, registered};
#[cfg(feature = "inventory")]
pub use ::inventory::submit;

/// How a duration was given.
#[cfg(feature = "inventory")]
pub mod given {
    use std::time::Duration;

    use crate::annotated::GivenDuration;

    #[must_use]
    pub const fn by_manager() -> GivenDuration {
        GivenDuration::ByManager
    }

    #[must_use]
    pub const fn literal(seconds: u64, nanos: u32) -> GivenDuration {
        GivenDuration::Literal(Duration::new(seconds, nanos))
    }

    #[must_use]
    pub const fn expression(code: &'static str) -> GivenDuration {
        GivenDuration::Expression(code)
    }
}

/// Registers a function.
#[cfg(feature = "inventory")]
#[doc(hidden)]
#[macro_export]
macro_rules! __lock_annotated {
    ($function:literal $template:literal [$($shape:literal)*] $kind:ident
        $wait:ident($($wait_is:literal),*) $expire:ident($($expire_is:literal),*)) => {
        $crate::__private::submit! {
            $crate::__private::registered($crate::__private::Registered {
                module_path: $crate::__private::module_path!(),
                function: $function,
                file: $crate::__private::file!(),
                line: $crate::__private::line!(),
                template: $template,
                shapes: &[$($shape),*],
                kind: $crate::__private::LockKind::$kind,
                wait: $crate::__private::given::$wait($($wait_is),*),
                expire: $crate::__private::given::$expire($($expire_is),*),
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
