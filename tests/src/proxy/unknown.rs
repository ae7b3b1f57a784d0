//! Commands that a server does not know.

/// Changes the first letter of each call of `command`, where it is the name and no argument.
pub(super) fn make_unknown(bytes: &mut [u8], command: &str) {
    let name = format!("\r\n${}\r\n{command}\r\n", command.len()).into_bytes();
    let letter = name.len() - 2 - command.len();
    let found = bytes.windows(name.len()).enumerate().filter(|(_, window)| *window == name);
    let calls: Vec<usize> = found.map(|(at, _)| at).filter(|at| begins_a_call(&bytes[..*at])).collect();
    for at in calls {
        bytes[at + letter] = b'_';
    }
}

/// Whether `before` ends with `*` and a number.
fn begins_a_call(before: &[u8]) -> bool {
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && before[..before.len() - digits].ends_with(b"*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_unknown_by_its_name_and_not_as_an_argument() {
        let mut bytes =
            b"*1\r\n$4\r\nINFO\r\n*2\r\n$7\r\nCLUSTER\r\n$4\r\nINFO\r\n*2\r\n$4\r\nINFO\r\n$1\r\nx\r\n"
                .to_vec();
        make_unknown(&mut bytes, "INFO");
        let expected =
            b"*1\r\n$4\r\n_NFO\r\n*2\r\n$7\r\nCLUSTER\r\n$4\r\nINFO\r\n*2\r\n$4\r\n_NFO\r\n$1\r\nx\r\n";
        assert_eq!(bytes, expected);
    }
}
