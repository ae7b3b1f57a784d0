//! Where a cluster keeps a key.

/// The slot of a key without a hash tag: CRC-16/XMODEM, 16,384 slots.
#[must_use]
pub fn slot(key: &str) -> u16 {
    let crc = key.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x1021 }
        })
    });
    crc % 16_384
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_slot_of_the_specification() {
        assert_eq!(slot("123456789"), 0x31C3);
        // `CLUSTER KEYSLOT` of servers.
        assert_eq!((slot(""), slot("foo"), slot("somekey")), (0, 12_182, 11_058));
    }
}
