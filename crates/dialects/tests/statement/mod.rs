//! The lines that a statement is made of.

use dialects::statement::{Whole, parts, whole};
use findings::{FileId, Sources, Span};

/// Reads a text, in which one line is marked by `<<` at its end.
fn read(path: &str, marked: &str) -> (Sources, FileId, Span) {
    let line = marked
        .lines()
        .position(|line| line.ends_with("<<"))
        .expect("a marked line");
    let mut sources = Sources::new();
    let file = sources.add(path, marked.replace("<<", ""));
    let number = u32::try_from(line + 1).expect("a small number");
    let at = Span::of_line(file, sources.file(file).expect("added"), number);
    (sources, file, at.expect("the line is there"))
}

/// Compares the parts of the marked line: what each is about, and its text.
fn check(path: &str, marked: &str, expected: &[&str]) {
    let (sources, file, at) = read(path, marked);
    let source = sources.file(file).expect("added");
    let found: Vec<String> = parts(file, source, at)
        .iter()
        .map(|part| {
            let text = sources.snippet(part.span).expect("in the text");
            assert_eq!(text, part.text);
            format!("{:?}: {text}", part.about)
        })
        .collect();
    assert_eq!(found, expected);
}

const FORTIOS: &str = "#config-version=FGT60F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin
config firewall address
    edit \"a\"
        set uuid 1
        set subnet 10.1.0.0 255.255.0.0
    next
end
config firewall addrgrp
    edit \"both of them\"
        set member \"a\" \"both of them\"
    next
end
config firewall service custom
    edit \"web\"
        set tcp-portrange 443
    next
end
config firewall policy
    edit 1<<
        set name \"a\"
        set srcintf \"port1\"
        set srcaddr \"both of them\"
        set dstaddr \"nobody\"
        config inner
            edit 1
                set action deny
            next
        end
        set action accept
        set service \"web\"
    next
    edit 2
        set action deny
    next
end
";

#[test]
fn fortios_entries_have_settings_and_objects() {
    check(
        "fw.conf",
        FORTIOS,
        &[
            "Enters: set srcintf \"port1\"",
            "Source: set srcaddr \"both of them\"",
            "Destination: set dstaddr \"nobody\"",
            "Effect: set action accept",
            "Service: set service \"web\"",
            "Source: set member \"a\" \"both of them\"",
            "Source: set subnet 10.1.0.0 255.255.0.0",
            "Service: set tcp-portrange 443",
        ],
    );
}

#[test]
fn ios_blocks_groups_and_pools() {
    let check = |text: &str, expected: &[&str]| {
        check(
            "rtr.cfg",
            &format!("version 15.7\nhostname r1\n{text}"),
            expected,
        );
    };
    check(
        "interface Gi0/0<<\n ip address 10.0.0.1 255.0.0.0\n shutdown\n!\ninterface Gi0/1\n",
        &["Address: ip address 10.0.0.1 255.0.0.0", "Effect: shutdown"],
    );
    check(
        "object-group network A\n 10.0.0.0 255.0.0.0\n group-object A\n group-object B\n\
         object-group network B\n description of it\n host 10.1.1.1\n\
         ip access-list extended L\n permit ip object-group A any<<\n",
        &[
            "Match: object-group network A",
            "Match: 10.0.0.0 255.0.0.0",
            "Match: group-object A",
            "Match: group-object B",
            "Match: object-group network B",
            "Match: host 10.1.1.1",
        ],
    );
    check(
        "ip nat pool P 10.0.0.1 10.0.0.9 prefix-length 24\n\
         ip nat inside source list L pool P overload<<\n",
        &["Translation: ip nat pool P 10.0.0.1 10.0.0.9 prefix-length 24"],
    );
    check(
        "interface Vlan1\n standby 1 ip 10.0.0.1<<\n standby 1 priority 90\n standby 2 ip 10.0.0.9\n",
        &[
            "Effect: standby 1 ip 10.0.0.1",
            "Effect: standby 1 priority 90",
        ],
    );
}

#[test]
fn nft_rules_have_elements() {
    check(
        "fw.nft",
        "table inet filter {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1,\n\t\t\t10.0.0.2 }\n\t}\n\
         \tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\
         \t\tip saddr @s accept<<\n\t}\n}\n",
        &["Match: elements = { 10.0.0.1,", "Match: 10.0.0.2 }"],
    );
}

/// Text that is cut short, or names itself, comes to an end.
#[test]
fn strange_texts_have_few_parts() {
    check("fw.conf", "config firewall policy\nedit 1<<", &[]);
    check("rtr.cfg", "hostname r\ninterface Gi0/0<<", &[]);
    check("fw.nft", "table ip t {\n ip saddr @ accept<<", &[]);
    check(
        "fw.conf",
        "config firewall policy\n    edit 1<<\n        set srcaddr \"x",
        &["Source: set srcaddr \"x"],
    );
}

#[test]
fn devices_say_what_they_are_as_a_whole() {
    let host = "{\n  \"hostname\": \"h\",\n  \"forwarding\": false,\n  \"hostInterfaces\": {},\n  \"routes\": []\n}<<";
    let (sources, file, _) = read("hosts/h.json", host);
    let source = sources.file(file).expect("added");
    let text = |what| whole(file, source, what).and_then(|span| sources.line_text(span));
    assert_eq!(text(Whole::Forwarding), Some("\"forwarding\": false,"));
    assert_eq!(text(Whole::Routes), Some("\"routes\": []"));
}
