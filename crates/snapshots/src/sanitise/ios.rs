//! Secrets of Cisco IOS: which words of which commands (IOS Security Command
//! Reference, and the references of the protocols that authenticate).

use super::{lines, words};

/// A word with its place.
type Word<'t> = (usize, usize, &'t str);

/// First words of commands in which `password`, `secret`, `key` and the like
/// stand before a secret. Others (an access list of that name) are left alone.
const COMMANDS: &[&str] = &[
    "area",
    "area-password",
    "authentication",
    "authentication-key",
    "bgp",
    "cdp",
    "credentials",
    "crypto",
    "domain-password",
    "dot11",
    "enable",
    "glbp",
    "ip",
    "ipv6",
    "isis",
    "key",
    "key-string",
    "l2tp",
    "ldap",
    "mpls",
    "neighbor",
    "ntp",
    "pac",
    "passphrase",
    "password",
    "peer",
    "ppp",
    "pre-shared-key",
    "radius",
    "radius-server",
    "secret",
    "server",
    "server-key",
    "server-private",
    "snmp-server",
    "standby",
    "tacacs",
    "tacacs-server",
    "user",
    "username",
    "vpdn",
    "vrrp",
    "vtp",
    "wpa-psk",
    "xauth",
];

/// Returns the places of secrets, as bytes.
pub(super) fn secrets(text: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let mut in_key_chain = false;
    for (start, line) in lines(text) {
        // Commands that somebody commented out keep their secrets.
        let command = line.trim_start_matches(['!', ' ', '\t']);
        let at = start + line.len() - command.len();
        let mut found = words(command, at);
        if found
            .first()
            .is_some_and(|(_, _, word)| matches!(*word, "no" | "default"))
        {
            found.remove(0);
        }
        let (Some(first), second) = (found.first(), found.get(1)) else {
            continue;
        };
        if !line.starts_with([' ', '\t', '!']) {
            in_key_chain = (first.2, second.map(|word| word.2)) == ("key", Some("chain"));
        }
        if first.2 == "set" {
            session_keys(&found, &mut places);
        } else if COMMANDS.contains(&first.2) {
            command_secrets(&found, in_key_chain, &mut places);
        }
    }
    places
}

/// `set session-key inbound esp 256 cipher <hex> authenticator <hex>`.
fn session_keys(words: &[Word<'_>], places: &mut Vec<(usize, usize)>) {
    if words.get(1).is_none_or(|word| word.2 != "session-key") {
        return;
    }
    let mut words = words.iter();
    while words.any(|word| matches!(word.2, "cipher" | "authenticator" | "ah")) {
        places.extend(words.clone().find(|word| word.2.len() > 4).map(place));
    }
}

fn place(word: &Word<'_>) -> (usize, usize) {
    (word.0, word.1)
}

fn command_secrets(words: &[Word<'_>], in_key_chain: bool, places: &mut Vec<(usize, usize)>) {
    let texts: Vec<&str> = words.iter().map(|word| word.2).collect();
    match texts.as_slice() {
        ["snmp-server", "community", ..] => places.extend(words.get(2).map(place)),
        ["snmp-server", "host", ..] => places.extend(snmp_host(words)),
        ["snmp-server", "user", ..] => snmp_user(words, places),
        ["key", "chain" | "generate", ..] | ["crypto", "key" | "pki" | "ca", ..] => {}
        ["key", _] if in_key_chain => {}
        ["standby" | "vrrp" | "glbp", .., "authentication", _]
        | ["ip" | "ipv6", "nhrp", "authentication", _]
        | ["standby" | "vrrp" | "glbp", .., "authentication", "text", _] => {
            places.extend(words.last().map(place));
        }
        _ => places.extend(after_keyword(words)),
    }
}

/// Finds the value after a word that announces a secret; behind a password it
/// goes on to the end of the line, as passwords may have blanks.
fn after_keyword(words: &[Word<'_>]) -> Option<(usize, usize)> {
    let at = words.iter().position(|word| {
        matches!(
            word.2,
            "password"
                | "secret"
                | "key-string"
                | "passphrase"
                | "key"
                | "md5"
                | "authentication-key"
                | "server-key"
                | "area-password"
                | "domain-password"
                | "wpa-psk"
        )
    })?;
    let keyword = words.get(at)?.2;
    let rest = words.get(at + 1..)?;
    if keyword == "authentication-key" || keyword == "md5" || keyword == "key" {
        // `ntp authentication-key 1 md5 …`, `authentication md5 key-string …`:
        // a later word announces it.
        if rest
            .iter()
            .any(|word| matches!(word.2, "md5" | "key-string"))
        {
            return after_keyword(rest);
        }
        if rest.first().is_some_and(|word| word.2 == "key-chain") {
            return None;
        }
    }
    let mut rest = rest;
    let is_kind = |word: &Word<'_>| {
        matches!(
            word.2,
            "0" | "4"
                | "5"
                | "6"
                | "7"
                | "8"
                | "9"
                | "ascii"
                | "hex"
                | "encrypted"
                | "level"
                | "config-key"
        )
    };
    while rest.len() > 1 && rest.first().is_some_and(is_kind) {
        // `enable secret level 15 5 …` has the level behind the word.
        let skip = if rest.first().is_some_and(|word| word.2 == "level") && rest.len() > 2 {
            2
        } else {
            1
        };
        rest = rest.get(skip..)?;
    }
    let (first, last) = (rest.first()?, rest.last()?);
    let whole = matches!(keyword, "password" | "secret" | "key-string" | "passphrase");
    Some((first.0, if whole { last.1 } else { first.1 }))
}

/// `snmp-server host <address> [vrf <name>] [traps | informs] [version {1 | 2c |
/// 3 {auth | noauth | priv}}] <community> [udp-port <port>] [<kinds>]`.
fn snmp_host(words: &[Word<'_>]) -> Option<(usize, usize)> {
    let mut rest = words.iter().skip(3).peekable();
    while let Some(word) = rest.next() {
        match word.2 {
            "vrf" => drop(rest.next()),
            "traps" | "informs" => {}
            "version" => {
                let version = rest.next();
                if version.is_some_and(|version| version.2 == "3") {
                    rest.next_if(|level| matches!(level.2, "auth" | "noauth" | "priv"));
                }
            }
            _ => return Some(place(word)),
        }
    }
    None
}

/// `snmp-server user <user> <group> v3 [encrypted] [auth {md5 | sha} <password>
/// [priv {des | 3des | aes <bits>} <password>]] [access <list>]`.
fn snmp_user(words: &[Word<'_>], places: &mut Vec<(usize, usize)>) {
    let mut rest = words.iter().skip(4).peekable();
    while let Some(word) = rest.next() {
        if !matches!(word.2, "auth" | "priv") {
            continue;
        }
        let algorithm = rest.next();
        if algorithm.is_some_and(|algorithm| algorithm.2 == "aes" || algorithm.2 == "sha-2") {
            rest.next_if(|bits| matches!(bits.2, "128" | "192" | "256" | "384" | "512"));
        }
        places.extend(rest.next().map(place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exactly the secret words are found, in every command that has them.
    #[test]
    fn commands() {
        for (line, expected) in [
            ("enable secret 5 $1$abc$xyz", &["$1$abc$xyz"][..]),
            ("enable secret level 15 5 $1$abc", &["$1$abc"]),
            ("enable password let me in", &["let me in"]),
            ("username jo privilege 15 password 0 tiger", &["tiger"]),
            (" password 7 0822455D0A16", &["0822455D0A16"]),
            (" neighbor 10.0.0.1 password 7 1234", &["1234"]),
            ("snmp-server community public RO 10", &["public"]),
            (
                "snmp-server host 10.0.0.9 traps version 2c hush bgp",
                &["hush"],
            ),
            ("snmp-server host 10.0.0.9 vrf M version 3 priv jo", &["jo"]),
            (
                "snmp-server user jo ops v3 auth sha one priv aes 128 two",
                &["one", "two"],
            ),
            (" standby 10 authentication vlan10", &["vlan10"]),
            (" standby 10 authentication md5 key-string 7 0F", &["0F"]),
            (" standby 10 authentication md5 key-chain K", &[]),
            (" ip ospf message-digest-key 1 md5 7 0F1A", &["0F1A"]),
            (" ip ospf authentication-key cisco", &["cisco"]),
            (
                " area 0 virtual-link 1.1.1.1 message-digest-key 1 md5 hush",
                &["hush"],
            ),
            ("ntp authentication-key 1 md5 hush 7", &["hush"]),
            ("crypto isakmp key 6 hush address 192.0.2.1", &["hush"]),
            ("  pre-shared-key address 192.0.2.1 key hush", &["hush"]),
            ("tacacs-server host 10.0.0.1 key 7 0F1A", &["0F1A"]),
            ("radius-server key hush", &["hush"]),
            (" key 7 0F1A", &["0F1A"]),
            ("key chain K", &[]),
            ("crypto key generate rsa", &[]),
            (" ip nhrp authentication hush", &["hush"]),
            ("! enable password old", &["old"]),
            (
                " set session-key inbound esp 256 cipher aabbccdd authenticator eeff0011",
                &["aabbccdd", "eeff0011"],
            ),
            // What only looks like one.
            (" tunnel key 17", &[]),
            ("route-map secret permit 10", &[]),
            ("ip access-list extended password", &[]),
            (" permit tcp any host 10.0.0.1 eq 443", &[]),
            ("interface Vlan10", &[]),
            (" ip ospf authentication message-digest", &[]),
            ("service password-encryption", &[]),
        ] {
            let text = format!("hostname a\n{line}\nend\n");
            let found = secrets(&text);
            let found: Vec<_> = found
                .iter()
                .map(|&(start, end)| text.get(start..end).unwrap())
                .collect();
            assert_eq!(found, expected, "{line}");
        }
    }

    /// In a key chain a number is the key's, not the key.
    #[test]
    fn key_chains() {
        let text = "key chain K\n key 1\n  key-string 7 0F1A\n!\nradius server R\n key 12345\n";
        let found = secrets(text);
        let found: Vec<_> = found
            .iter()
            .map(|&(start, end)| text.get(start..end).unwrap())
            .collect();
        assert_eq!(found, ["0F1A", "12345"]);
    }
}
