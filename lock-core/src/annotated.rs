//! The functions of this program that the attribute stands on, known before any of them runs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::params::LockKind;

/// What the attribute says of a function; for use by generated code, which cannot reach private fields.
#[derive(Debug)]
pub struct Registered {
    /// `module_path!()` there.
    pub module_path: &'static str,
    /// Its name.
    pub function: &'static str,
    /// `file!()` there.
    pub file: &'static str,
    /// `line!()` there.
    pub line: u32,
    /// The lock's name, as written.
    pub template: &'static str,
    /// The template with nothing in its placeholders; several if `keys` lists keys of different shapes.
    pub shapes: &'static [&'static str],
    /// `kind = ..`
    pub kind: LockKind,
    /// `wait = ..`
    pub wait: GivenDuration,
    /// `expire = ..`
    pub expire: GivenDuration,
}

/// A function with `#[distributed_lock(..)]`, as [`inventory()`] lists it. It displays as
/// `shop::pay locks order:{order_id} (src/shop.rs:12)`.
///
/// A function that has two of these attributes is listed twice.
pub struct AnnotatedFunction(Registered);

/// A duration as the attribute gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GivenDuration {
    /// Not given: the manager's default.
    ByManager,
    /// Given as a literal.
    Literal(Duration),
    /// Given as an expression, which is evaluated at each call: its code.
    Expression(&'static str),
}

impl AnnotatedFunction {
    /// The path of its module, as `module_path!()` gives it. Methods of all types in a module have the same.
    #[must_use]
    pub const fn module_path(&self) -> &'static str {
        self.0.module_path
    }

    /// Its name, without its type's.
    #[must_use]
    pub const fn function(&self) -> &'static str {
        self.0.function
    }

    /// The file that the attribute stands in, as the compiler was told it.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.0.file
    }

    /// The line that the attribute begins in.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.0.line
    }

    /// The lock's name, without the manager's namespace: `order:{order_id}`. Braces hold the code of what is not fixed text; of
    /// a key that a generator makes, the generator's.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.0.template
    }

    /// The kind of lock; [`LockKind::Multi`] where `keys` are taken alone, the kind that was given where they are read or
    /// written.
    #[must_use]
    pub const fn kind(&self) -> LockKind {
        self.0.kind
    }

    /// How long a call waits for the lock.
    #[must_use]
    pub const fn wait(&self) -> GivenDuration {
        self.0.wait
    }

    /// The lease.
    #[must_use]
    pub const fn expire(&self) -> GivenDuration {
        self.0.expire
    }
}

impl fmt::Debug for AnnotatedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnnotatedFunction")
            .field("function", &format_args!("{}::{}", self.0.module_path, self.0.function))
            .field("at", &format_args!("{}:{}", self.0.file, self.0.line))
            .field("template", &self.0.template)
            .field("kind", &self.0.kind)
            .field("wait", &self.0.wait)
            .field("expire", &self.0.expire)
            .finish()
    }
}

impl fmt::Display for AnnotatedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Registered { module_path, function, file, line, template, .. } = &self.0;
        write!(f, "{module_path}::{function} locks {template} ({file}:{line})")
    }
}

/// For generated code, in a constant.
#[must_use]
pub const fn registered(function: Registered) -> AnnotatedFunction {
    AnnotatedFunction(function)
}

::inventory::collect!(AnnotatedFunction);

/// Every function of this program that has `#[distributed_lock(..)]`, called or not, by module and line.
///
/// What the compiler leaves out is not listed: functions under a false `#[cfg]`, and those of a dependency of which
/// nothing at all is linked.
///
/// ```standalone_crate
/// #![forbid(unsafe_code)]
/// use lock_core::{GivenDuration, LockError, LockKind, distributed_lock};
/// use std::time::Duration;
///
/// #[distributed_lock(prefix = "order", key = "order_id", expire = "30s")]
/// async fn pay(order_id: u64) -> Result<(), LockError> {
///     Ok(())
/// }
///
/// fn main() {
///     for function in lock_core::inventory() {
///         println!("{function}"); // shop::pay locks order:{order_id} (src/shop.rs:4)
///     }
///     let pay = lock_core::inventory().find(|function| function.function() == "pay").unwrap();
///     assert_eq!(pay.template(), "order:{order_id}");
///     assert_eq!(pay.kind(), LockKind::Reentrant);
///     assert_eq!(pay.expire(), GivenDuration::Literal(Duration::from_secs(30)));
///     assert_eq!(pay.wait(), GivenDuration::ByManager);
/// }
/// ```
#[must_use = "it does nothing but list"]
pub fn inventory() -> impl Iterator<Item = &'static AnnotatedFunction> {
    let mut all: Vec<_> = ::inventory::iter::<AnnotatedFunction>.into_iter().collect();
    all.sort_by_key(|AnnotatedFunction(of)| (of.module_path, of.file, of.line, of.function));
    all.into_iter()
}

/// The functions that share a lock with another one, in groups: their templates are the same, but for what stands in the
/// braces. `LockManager::install` names each group in the log.
///
/// Often that is wanted: `pay` and `refund` exclude each other for the same order, and a reader its writers. Where it is
/// not, it is two uses of one name that wait for each other, or that wait for themselves when one calls the other in a task
/// of its own. A test can hold a program to the groups that it means:
///
/// ```standalone_crate
/// let shared = lock_core::inventory_shared();
/// assert!(shared.is_empty(), "functions that share a lock: {shared:#?}");
/// ```
///
/// Templates are compared as they are written, so a key of a type with several parts is taken for one segment. Locks of the
/// kind `red` exclude only each other, and are a group of their own.
#[must_use]
pub fn inventory_shared() -> Vec<Vec<&'static AnnotatedFunction>> {
    shared(inventory())
}

fn shared<'a>(all: impl Iterator<Item = &'a AnnotatedFunction>) -> Vec<Vec<&'a AnnotatedFunction>> {
    let mut groups: BTreeMap<(bool, &str), Vec<&AnnotatedFunction>> = BTreeMap::new();
    for function in all {
        for shape in function.0.shapes {
            groups.entry((function.kind() == LockKind::Red, shape)).or_default().push(function);
        }
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// Says in the log which functions share a lock.
pub(crate) fn log_shared() {
    for group in inventory_shared() {
        let functions: Vec<String> = group.iter().map(ToString::to_string).collect();
        tracing::info!("{} functions share a lock: {}", group.len(), functions.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn function(
        name: &'static str,
        shapes: &'static [&'static str],
        kind: LockKind,
    ) -> AnnotatedFunction {
        registered(Registered {
            module_path: "shop",
            function: name,
            file: "shop.rs",
            line: 1,
            template: "",
            shapes,
            kind,
            wait: GivenDuration::ByManager,
            expire: GivenDuration::ByManager,
        })
    }

    #[test]
    fn functions_whose_locks_may_be_one_are_a_group() {
        let all = [
            function("pay", &["order:{}"], LockKind::Reentrant),
            function("pay_red", &["order:{}"], LockKind::Red),
            function("line", &["order:{}:{}"], LockKind::Reentrant),
            function("merge", &["order:{}", "order:{}:{}"], LockKind::Multi),
            function("nightly", &["nightly"], LockKind::Reentrant),
        ];
        let groups: Vec<Vec<&str>> =
            shared(all.iter()).iter().map(|group| group.iter().map(|one| one.function()).collect()).collect();
        assert_eq!(groups, [vec!["pay", "merge"], vec!["line", "merge"]]);
    }
}
