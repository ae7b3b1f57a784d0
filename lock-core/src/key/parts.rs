//! The parts of a key before they are encoded: one growing text, and where each part ends in it.

/// One part, as the joiner reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text that is encoded.
    Text(&'a str),
    /// Segments that were checked and are taken as they are.
    Verbatim(&'a str),
    /// No value: an empty segment, or nothing at the end.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Text,
    Verbatim,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Mark {
    end: u32,
    kind: Kind,
}

/// Keys of up to this many parts need no allocation but their text.
const INLINE: usize = 4;

#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// The texts of all parts, one after another, and behind the last mark what is still being written.
    text: String,
    inline: [Mark; INLINE],
    inline_len: u8,
    /// All marks, once they are more than fit inline.
    spilled: Vec<Mark>,
}

impl Parts {
    pub(super) fn len(&self) -> usize {
        self.marks().len()
    }

    /// How many bytes the part that is being written has so far.
    pub(super) fn open_len(&self) -> usize {
        self.text.len() - self.last_end()
    }

    /// The text to append the part in writing to.
    pub(super) fn text_mut(&mut self) -> &mut String {
        &mut self.text
    }

    pub(super) fn close_text(&mut self) {
        self.close(Kind::Text);
    }

    pub(super) fn close_verbatim(&mut self) {
        self.close(Kind::Verbatim);
    }

    pub(super) fn close_none(&mut self) {
        self.close(Kind::None);
    }

    /// Appends to the last part, which was closed as text.
    pub(super) fn extend_last(&mut self, text: &str) {
        self.text.push_str(text);
        let end = self.end();
        if let Some(mark) = self.marks_mut().last_mut() {
            mark.end = end;
        }
    }

    /// The length of the last part.
    pub(super) fn last_len(&self) -> usize {
        match self.marks() {
            [.., before, last] => (last.end - before.end) as usize,
            [last] => last.end as usize,
            [] => 0,
        }
    }

    pub(super) fn last_is_none(&self) -> bool {
        self.marks().last().is_some_and(|mark| mark.kind == Kind::None)
    }

    pub(super) fn last_is_text(&self) -> bool {
        self.marks().last().is_some_and(|mark| mark.kind == Kind::Text)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Part<'_>> {
        let mut start = 0;
        self.marks().iter().map(move |mark| {
            let text = &self.text[start..mark.end as usize];
            start = mark.end as usize;
            match mark.kind {
                Kind::Text => Part::Text(text),
                Kind::Verbatim => Part::Verbatim(text),
                Kind::None => Part::None,
            }
        })
    }

    /// How many parts there are when the `None`s at the end are left out.
    pub(super) fn len_without_trailing_none(&self) -> usize {
        self.marks().iter().rposition(|mark| mark.kind != Kind::None).map_or(0, |last| last + 1)
    }

    fn close(&mut self, kind: Kind) {
        let mark = Mark { end: self.end(), kind };
        let len = usize::from(self.inline_len);
        if len < INLINE {
            self.inline[len] = mark;
            self.inline_len += 1;
            return;
        }
        if self.spilled.is_empty() {
            self.spilled.extend_from_slice(&self.inline);
        }
        self.spilled.push(mark);
    }

    /// The writer bounds parts and their number, so that the text stays far below 4 GiB.
    fn end(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    fn last_end(&self) -> usize {
        self.marks().last().map_or(0, |mark| mark.end as usize)
    }

    fn marks(&self) -> &[Mark] {
        if self.spilled.is_empty() { &self.inline[..usize::from(self.inline_len)] } else { &self.spilled }
    }

    fn marks_mut(&mut self) -> &mut [Mark] {
        if self.spilled.is_empty() {
            &mut self.inline[..usize::from(self.inline_len)]
        } else {
            &mut self.spilled
        }
    }
}

impl PartialEq for Parts {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.marks() == other.marks()
    }
}

impl Eq for Parts {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(texts: &[Option<&str>]) -> Parts {
        let mut parts = Parts::default();
        for text in texts {
            match text {
                Some(text) => {
                    parts.text_mut().push_str(text);
                    parts.close_text();
                }
                None => parts.close_none(),
            }
        }
        parts
    }

    #[test]
    fn parts_come_back_as_written_inline_and_spilled() {
        let all = [Some("a"), None, Some(""), Some("é😀"), None, Some("bc"), None];
        for count in 0..=all.len() {
            let parts = parts(&all[..count]);
            let read: Vec<_> = parts.iter().collect();
            let expected: Vec<_> =
                all[..count].iter().map(|text| text.map_or(Part::None, Part::Text)).collect();
            assert_eq!(read, expected);
            assert_eq!(parts.len(), count);
        }
    }

    #[test]
    fn equality_is_of_parts_not_of_their_text() {
        assert_eq!(parts(&[Some("ab"), None]), parts(&[Some("ab"), None]));
        assert_ne!(parts(&[Some("ab"), Some("c")]), parts(&[Some("a"), Some("bc")]));
        assert_ne!(parts(&[Some("")]), parts(&[None]));
        assert_ne!(parts(&[]), parts(&[None]));
    }

    #[test]
    fn the_last_part_can_be_extended() {
        for count in [1, 4, 6] {
            let mut parts = parts(&vec![Some("x"); count]);
            parts.extend_last("yz");
            assert_eq!(parts.iter().last(), Some(Part::Text("xyz")));
            assert_eq!(parts.last_len(), 3);
            assert_eq!(parts.open_len(), 0);
        }
    }

    #[test]
    fn trailing_nones_are_counted_off() {
        assert_eq!(parts(&[None, Some(""), None, None]).len_without_trailing_none(), 2);
        assert_eq!(parts(&[None, None]).len_without_trailing_none(), 0);
    }
}
