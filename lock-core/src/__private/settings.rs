//! What the attribute says, but for the key.

use std::time::Duration;

use crate::error::LockError;
use crate::key::{Arg, JoinPoint, LockKey, join};
use crate::manager::{LockManager, LockRequest};
use crate::params::{DEFAULT_DELIMITER, DEFAULT_KEY_PREFIX, LockKind, OnLost};

/// Where an annotated function stands.
#[derive(Debug)]
pub struct Site {
    /// `module_path!()` there.
    pub module_path: &'static str,
    /// Its name.
    pub function: &'static str,
}

/// The attribute's arguments, but for the key.
#[derive(Debug)]
pub struct Settings<'a> {
    /// Where it stands.
    pub site: &'static Site,
    /// `prefix = ..`
    pub prefix: Option<&'a str>,
    /// `name = ..`
    pub name: Option<&'a str>,
    /// `delimiter = ..`
    pub delimiter: Option<&'static str>,
    /// `kind = ..`
    pub kind: LockKind,
    /// `wait = ..`
    pub wait: Option<Duration>,
    /// `expire = ..`
    pub expire: Option<Duration>,
    /// `renew = ..`
    pub renew: bool,
    /// `max_hold = ..`
    pub max_hold: Option<Duration>,
    /// `hold_at_least = ..`
    pub hold_at_least: Option<Duration>,
    /// `on_lost = ..`
    pub on_lost: OnLost,
}

impl Settings<'_> {
    /// What is known of the name without its key.
    pub(super) fn fixed(&self) -> String {
        [self.prefix, self.name].into_iter().flatten().collect::<Vec<_>>().join(":")
    }

    pub(super) fn delimiter(&self) -> &'static str {
        self.delimiter.unwrap_or(DEFAULT_DELIMITER)
    }

    pub(super) fn manager(
        &self,
        locks: Option<LockManager>,
        key: Option<&LockKey>,
    ) -> Result<LockManager, LockError> {
        locks.ok_or_else(|| {
            let key = key.cloned().unwrap_or_default();
            let name = join(DEFAULT_KEY_PREFIX, self.prefix, self.name, &key, self.delimiter());
            LockError::NoManager { key: name.map_or_else(|_| self.fixed(), |name| name.to_string()) }
        })
    }

    /// The call as a generator sees it that finds `key`.
    pub(super) fn call<'b>(
        &'b self,
        key: &'b LockKey,
        is_generated: bool,
        args: &'b [Arg<'b>],
    ) -> JoinPoint<'b> {
        JoinPoint {
            module_path: self.site.module_path,
            function: self.site.function,
            prefix: self.prefix,
            name: self.name,
            key: Some(key).filter(|key| !key.is_empty()),
            is_generated,
            args,
        }
    }

    pub(super) fn apply(&self, request: LockRequest) -> Result<(LockRequest, OnLost), LockError> {
        let request = request.kind(self.kind).renew(self.renew).function(self.site.function);
        let request = self.wait.into_iter().fold(request, LockRequest::wait);
        let request = self.expire.into_iter().fold(request, LockRequest::expire);
        let request = self.max_hold.into_iter().fold(request, LockRequest::max_hold);
        let request = self.hold_at_least.into_iter().fold(request, LockRequest::hold_at_least);
        request.check()?;
        Ok((request, self.on_lost))
    }
}
