//! Each rule switched off, and what goes wrong then.
