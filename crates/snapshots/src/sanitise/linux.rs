//! Secrets of Linux host files: members whose names announce one.

/// Parts of names of members whose texts are secrets, in lower case.
const MEMBERS: &[&str] = &[
    "password",
    "secret",
    "privatekey",
    "private_key",
    "presharedkey",
    "psk",
];

/// Returns the places of secrets, as bytes.
pub(super) fn secrets(text: &str) -> Vec<(usize, usize)> {
    let strings = strings(text);
    let mut places = Vec::new();
    for (name, value) in strings.iter().zip(strings.iter().skip(1)) {
        let lower = text
            .get(name.0..name.1)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let between = text
            .get(name.1 + 1..value.0.saturating_sub(1))
            .unwrap_or_default();
        let announces = MEMBERS.iter().any(|member| lower.contains(member));
        if announces && between.trim() == ":" {
            places.push(*value);
        }
    }
    places
}

/// Returns the insides of all strings of a JSON text.
fn strings(text: &str) -> Vec<(usize, usize)> {
    let mut strings = Vec::new();
    let mut open = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match (byte, open) {
            _ if escaped => escaped = false,
            (b'\\', Some(_)) => escaped = true,
            (b'"', None) => open = Some(at + 1),
            (b'"', Some(start)) => {
                strings.push((start, at));
                open = None;
            }
            _ => {}
        }
    }
    strings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a member that announces a secret is found, and no other.
    #[test]
    fn members() {
        let text =
            r#"{"hostname": "psk", "wireguard": {"privateKey": "a\"b", "peers": ["psk", "x"]}}"#;
        let found = secrets(text);
        let found: Vec<_> = found
            .iter()
            .map(|&(start, end)| text.get(start..end).unwrap())
            .collect();
        assert_eq!(found, [r#"a\"b"#]);
    }
}
