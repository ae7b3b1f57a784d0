//! Keys of one slot.

/// The slot of a key without braces, bit by bit: independent of the code under test.
fn slot_of(key: &str) -> u16 {
    let mut crc: u16 = 0;
    for byte in key.bytes() {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc % 16_384
}

/// `count` names whose keys `LOCK:<name>` are in the slot of `LOCK:<first>`, beginning with `first`.
#[must_use]
pub fn names_in_slot_of(first: &str, count: usize) -> Vec<String> {
    let slot = slot_of(&format!("LOCK:{first}"));
    let others = (0_u64..).map(|number| format!("{first}{number}"));
    let others = others.filter(|name| slot_of(&format!("LOCK:{name}")) == slot);
    std::iter::once(first.to_owned()).chain(others).take(count).collect()
}
