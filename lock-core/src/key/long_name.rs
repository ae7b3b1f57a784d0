//! The buffer a name is built in, and what becomes of a name that does not fit.

use sha2::{Digest, Sha256};

/// The most bytes that a lock's name has.
pub const MAX_NAME_BYTES: usize = 255;

/// Between the readable head of a long name and its hash.
const MARKER: &[u8; 2] = b"%~";

/// 160 bits of SHA-256: to find two keys of one name, somebody who may choose both would try 2^80 of them.
const HASH_BYTES: usize = 20;

/// What is left for the head.
const MAX_HEAD_BYTES: usize = MAX_NAME_BYTES - MARKER.len() - 2 * HASH_BYTES;

/// Takes the encoded name piece by piece, and keeps no more of it than a name may have.
///
/// Pieces are whole characters or ASCII, so the bytes kept are UTF-8.
pub(super) struct NameSink {
    bytes: [u8; MAX_NAME_BYTES],
    len: usize,
    /// Of everything that was pushed, once it is more than fits.
    hash: Option<Sha256>,
}

impl NameSink {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; MAX_NAME_BYTES], len: 0, hash: None }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        if let Some(hash) = &mut self.hash {
            return hash.update(piece);
        }
        let room = MAX_NAME_BYTES - self.len;
        if piece.len() <= room {
            return self.append(piece);
        }
        let mut hash = Sha256::new();
        hash.update(&self.bytes[..self.len]);
        hash.update(piece);
        self.hash = Some(hash);
        // What fits is needed for the head and the look past its end; it is cut between characters.
        let fits = (0..=room).rev().find(|&end| !is_continuation(piece[end])).unwrap_or(0);
        self.append(&piece[..fits]);
    }

    /// The name: what was pushed if it fits, else its head, the marker and the hash of all of it.
    ///
    /// Could a short name look like the hashed form of a long one, so that two keys shared it? In what was pushed, `%`
    /// is followed by two hex digits, or is a segment of its own (the empty text), followed by the delimiter or the end.
    /// So the marker occurs only where the delimiter begins with `~`, and a name in which it occurs is hashed whatever
    /// its length: every name with the marker ends with its own hash, and no name without it is hashed.
    pub(super) fn finish(mut self, delimiter: &str) -> EncodedName {
        let hash = match self.hash.take() {
            Some(hash) => hash.finalize(),
            None if delimiter.starts_with('~') && self.holds_marker() => {
                Sha256::digest(&self.bytes[..self.len])
            }
            None => {
                return EncodedName { bytes: self.bytes, len: self.len };
            }
        };
        self.len = self.head_len();
        self.append(MARKER);
        for byte in &hash[..HASH_BYTES] {
            self.append(&[lower_hex(byte >> 4), lower_hex(byte & 15)]);
        }
        EncodedName { bytes: self.bytes, len: self.len }
    }

    fn append(&mut self, piece: &[u8]) {
        self.bytes[self.len..self.len + piece.len()].copy_from_slice(piece);
        self.len += piece.len();
    }

    fn holds_marker(&self) -> bool {
        self.bytes[..self.len].windows(MARKER.len()).any(|pair| pair == MARKER)
    }

    /// The longest head that ends between characters and not inside a `%XX`.
    fn head_len(&self) -> usize {
        let bytes = &self.bytes[..self.len];
        if bytes.len() <= MAX_HEAD_BYTES {
            return bytes.len();
        }
        let end = (0..=MAX_HEAD_BYTES).rev().find(|&end| !is_continuation(bytes[end])).unwrap_or(0);
        // A `%` that is a segment of its own is followed by a delimiter, which is never a hex digit.
        let splits_escape = |at: &usize| bytes[*at] == b'%' && bytes[*at + 1].is_ascii_hexdigit();
        (end.saturating_sub(2)..end).find(splits_escape).unwrap_or(end)
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

const fn lower_hex(nibble: u8) -> u8 {
    b"0123456789abcdef"[nibble as usize]
}

/// An encoded, bounded name on the stack: enough to look a lock up without allocating.
pub(crate) struct EncodedName {
    bytes: [u8; MAX_NAME_BYTES],
    len: usize,
}

impl EncodedName {
    pub(crate) fn as_str(&self) -> &str {
        // The sink kept whole characters only.
        std::str::from_utf8(&self.bytes[..self.len]).expect("whole characters were kept")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(pieces: &[&str], delimiter: &str) -> String {
        let mut sink = NameSink::new();
        pieces.iter().for_each(|piece| sink.push(piece.as_bytes()));
        sink.finish(delimiter).as_str().to_owned()
    }

    #[test]
    fn a_name_is_hashed_only_beyond_its_limit() {
        let fits = "x".repeat(MAX_NAME_BYTES);
        assert_eq!(finished(&[&fits], ":"), fits);
        let long = finished(&[&fits, "x"], ":");
        assert_eq!(long.len(), MAX_NAME_BYTES);
        assert!(long.starts_with(&"x".repeat(MAX_HEAD_BYTES)));
        assert_eq!(&long[MAX_HEAD_BYTES..MAX_HEAD_BYTES + 2], "%~");
    }

    #[test]
    fn the_hash_is_of_the_whole_name_however_it_was_pushed() {
        let whole = "é:".repeat(400);
        let (left, right) = whole.split_at(whole.len() / 2);
        assert_eq!(finished(&[&whole], ":"), finished(&[left, right], ":"));
        assert_ne!(finished(&[&whole], ":"), finished(&[&whole, "x"], ":"));
        // The value written out, because other processes must come to the same.
        assert!(finished(&[&"x".repeat(256)], ":").ends_with("%~85e62acd750c4eb56b7b6a1d66dca5bfaac5f062"));
    }

    #[test]
    fn the_head_ends_between_characters_and_escapes() {
        for shift in 0..8 {
            let escapes = finished(&[&"x".repeat(shift), &"%3A".repeat(200)], ":");
            let head = escapes.split("%~").next().unwrap();
            assert!((head.len() - shift).is_multiple_of(3), "{head}");
            let wide = finished(&[&"x".repeat(shift), &"😀".repeat(200)], ":");
            assert!(wide.len() > MAX_NAME_BYTES - 4, "{wide}");
        }
        // A lone `%` before the cut is a segment, not an escape.
        let lone = format!("{}%:{}", "x".repeat(MAX_HEAD_BYTES - 2), "y".repeat(100));
        assert!(finished(&[&lone], ":").contains("x%:%~"));
    }

    #[test]
    fn a_short_name_that_holds_the_marker_is_hashed() {
        let name = finished(&["LOCK:%~42"], "~");
        assert!(name.starts_with("LOCK:%~42%~") && name.len() == 9 + 2 + 40, "{name}");
    }
}
