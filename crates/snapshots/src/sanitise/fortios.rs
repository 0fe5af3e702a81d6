//! Secrets of FortiOS: values of settings that hold one, and every value that
//! the device has written as `ENC …` (FortiOS CLI reference).

use super::lines;

/// Parts of names of settings whose values are secrets.
const SETTINGS: &[&str] = &[
    "passw",
    "secret",
    "passphrase",
    "private-key",
    "-pwd",
    "psk",
];

/// Names of settings whose values are secrets.
const EXACT: &[&str] = &[
    "key-string",
    "authentication-key",
    "md5-key",
    "md5-keychain-key",
    "api-key",
    "enc-key",
    "auth-key",
    "enckey",
    "authkey",
    "community-string",
    "pwd",
    "token",
    "key",
    "keystr",
];

/// Returns the places of secrets, as bytes.
pub(super) fn secrets(text: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    // The open `config` blocks: whether each is a list of SNMP communities,
    // whose names are the secrets.
    let mut open: Vec<bool> = Vec::new();
    let mut value_end = 0;
    for (start, line) in lines(text) {
        if start < value_end {
            // Inside a value of several lines.
            continue;
        }
        let command = line.trim_start_matches([' ', '\t', '#']);
        let at = start + line.len() - command.len();
        if let Some(path) = command.strip_prefix("config ") {
            open.push(path.trim() == "system snmp community");
        } else if command.trim() == "end" {
            open.pop();
        }
        let Some(rest) = command.strip_prefix("set ") else {
            continue;
        };
        let rest_at = at + "set ".len();
        let Some((key, _)) = rest.split_once([' ', '\t']) else {
            continue;
        };
        let value_at = rest_at + key.len() + 1;
        value_end = end_of_value(text, value_at);
        let value = text.get(value_at..value_end).unwrap_or_default();
        let community = key == "name" && open.last() == Some(&true);
        let part = |part: &&str| key.contains(*part);
        let named = EXACT.contains(&key) || SETTINGS.iter().any(part) || community;
        places.extend(secret_in(value, value_at, named));
    }
    places
}

/// Returns where a value ends: at the end of its line, or where quotes opened
/// in it have been closed.
fn end_of_value(text: &str, start: usize) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match (byte, quote) {
            _ if escaped => escaped = false,
            (b'\\', Some(b'"') | None) => escaped = true,
            (b'\n', None) => return at,
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// Returns the secret part of a value: without its quotes, and behind `ENC`.
fn secret_in(value: &str, start: usize, named: bool) -> Option<(usize, usize)> {
    let trimmed = value.trim_start();
    let mut at = start + value.len() - trimmed.len();
    let mut secret = trimmed.trim_end();
    match secret.strip_prefix("ENC ") {
        Some(rest) => {
            at += secret.len() - rest.trim_start().len();
            secret = rest.trim_start();
        }
        None if !named => return None,
        None => {}
    }
    for quote in ['"', '\''] {
        let inner = secret.strip_prefix(quote);
        if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(quote)) {
            at += 1;
            secret = inner;
            break;
        }
    }
    // Switches that say whether there is one are none.
    let switch = matches!(secret, "" | "enable" | "disable");
    (!switch).then(|| (at, at + secret.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values are found without what the device needs around them.
    #[test]
    fn settings() {
        let text = r#"#config-version=FGT60E-7.0.1
config system admin
    edit "admin"
        set password ENC AbC+/=
        set comments "the secret
is not here
set password x"
    next
end
config system snmp community
    edit 1
        set name "public"
        config hosts
            edit 1
                set name "not-one"
            next
        end
    next
end
config vpn ipsec phase1-interface
    edit "a"
        set psksecret 'with blank'
        set name "a"
    next
end
config vpn certificate local
    edit "c"
        set private-key "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIE
-----END ENCRYPTED PRIVATE KEY-----"
        set password-renewal enable
    next
end
"#;
        let found = secrets(text);
        let found: Vec<_> = found
            .iter()
            .map(|&(start, end)| text.get(start..end).unwrap())
            .collect();
        assert_eq!(
            found,
            [
                "AbC+/=",
                "public",
                "with blank",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n-----END ENCRYPTED PRIVATE KEY-----",
            ]
        );
    }
}
