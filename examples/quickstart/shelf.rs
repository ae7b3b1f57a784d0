//! The stock: a number in a small file per item, which processes can share, and which knows nothing of locks.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The stock of every item. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Shelf(Arc<Directory>);

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// Whether this process made it, and takes it away.
    ours: bool,
}

impl Shelf {
    /// A new shelf with that stock; it is gone when its last clone is dropped.
    pub(crate) fn stocked(stock: &[(&str, u32)]) -> io::Result<Self> {
        let name = format!("lock-core-quickstart-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        let shelf = Self(Arc::new(Directory { path, ours: true }));
        stock.iter().try_for_each(|(item, count)| shelf.write(item, *count))?;
        Ok(shelf)
    }

    /// The shelf that another process made.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(Arc::new(Directory { path, ours: false }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// How many are left.
    pub(crate) fn read(&self, item: &str) -> io::Result<u32> {
        let text = std::fs::read_to_string(self.0.path.join(item))?;
        text.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Says how many are left. Readers see the old number or the new one, never half of it: what goes wrong without a
    /// lock is the sale, not the file.
    pub(crate) fn write(&self, item: &str, count: u32) -> io::Result<()> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let new = self.0.path.join(format!("{item}.{}.{number}", std::process::id()));
        std::fs::write(&new, count.to_string())?;
        std::fs::rename(new, self.0.path.join(item))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.ours {
            // In the directory for temporary files: what can't be removed is removed by others.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
