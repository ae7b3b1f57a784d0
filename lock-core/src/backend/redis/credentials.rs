//! Who a connection logs in as.

use std::fmt;

/// A password, and the user whose it is; what [`ManagerBuilder::credentials`](crate::ManagerBuilder::credentials) returns. Its
/// `Debug` shows no password.
///
/// ```
/// use lock_core::backend::redis::Credentials;
///
/// let of_user = Credentials::new("locks", "s3cret");
/// let alone = Credentials::password("s3cret");
/// assert_ne!(of_user, alone);
/// assert_eq!(format!("{alone:?}"), "Credentials { username: None, .. }");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: Option<String>,
    password: String,
}

impl Credentials {
    /// Logs in as the ACL user `username`.
    #[must_use]
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: Some(username.into()), password: password.into() }
    }

    /// Logs in as the user that the URL names, or as the default one.
    #[must_use]
    pub fn password(password: impl Into<String>) -> Self {
        Self { username: None, password: password.into() }
    }

    /// `settings` with this login.
    pub(super) fn put_into(&self, settings: ::redis::RedisConnectionInfo) -> ::redis::RedisConnectionInfo {
        let settings = settings.set_password(&self.password);
        match &self.username {
            Some(username) => settings.set_username(username),
            None => settings,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}
