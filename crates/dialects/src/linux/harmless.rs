//! What is known not to bear on whether packets arrive, with the reason.
//!
//! A line that stands here is [`networks::model::LineState::NotModelledHarmless`].
//! Each class has its reason; whoever adds one writes it down.

/// Targets of iptables after which the next rule follows and the header fields
/// that anybody decides on are the same.
pub(super) const TARGETS: [(&str, &str); 20] = [
    ("AUDIT", "writes an audit record"),
    ("CHECKSUM", "fills in a checksum"),
    ("CLASSIFY", "chooses a queue of traffic shaping"),
    ("CONNSECMARK", "copies labels of mandatory access control"),
    ("DSCP", "changes the DSCP field, which no filter here sees"),
    ("ECN", "clears bits of ECN"),
    ("HL", "changes the hop limit, which no filter here sees"),
    ("IDLETIMER", "restarts a timer"),
    ("LED", "switches a light"),
    ("LOG", "writes a log line"),
    ("NFLOG", "writes a log record"),
    ("RATEEST", "measures traffic"),
    ("SECMARK", "sets labels of mandatory access control"),
    (
        "SET",
        "changes a set, which is unknown to every rule anyway",
    ),
    ("TCPMSS", "lowers the announced segment size"),
    (
        "TCPOPTSTRIP",
        "removes TCP options, which no filter here sees",
    ),
    ("TOS", "changes the TOS field, which no filter here sees"),
    ("TRACE", "traces the packet"),
    ("TTL", "changes the TTL, which no filter here sees"),
    ("ULOG", "writes a log record"),
];

/// Statements of nft, by their first word, of which the same holds.
const STATEMENTS: [(&str, &str); 3] = [
    ("audit", "writes an audit record"),
    ("last", "remembers a time"),
    ("log", "writes a log line"),
];

/// Settings of the kernel, by the start of their name.
pub(super) const SYSCTLS: [(&str, &str); 16] = [
    ("fs.", "files"),
    ("kernel.", "the kernel's own behaviour"),
    ("net.core.", "queues and buffers"),
    (
        "net.ipv4.conf.*.accept_redirects",
        "redirects of hosts are not modelled as routes",
    ),
    (
        "net.ipv4.conf.*.accept_source_route",
        "source routes are header options, which nobody here sends",
    ),
    (
        "net.ipv4.conf.*.arp_announce",
        "which sender address ARP requests carry",
    ),
    ("net.ipv4.conf.*.log_martians", "writes log lines"),
    (
        "net.ipv4.conf.*.secure_redirects",
        "redirects of hosts are not modelled as routes",
    ),
    (
        "net.ipv4.conf.*.send_redirects",
        "redirects of hosts are not modelled as routes",
    ),
    (
        "net.ipv4.icmp_",
        "which ICMP errors the device itself sends",
    ),
    ("net.ipv4.tcp_", "the device's own connections"),
    (
        "net.ipv6.conf.*.accept_redirects",
        "redirects of hosts are not modelled as routes",
    ),
    (
        "net.ipv6.conf.*.accept_source_route",
        "source routes are header options, which nobody here sends",
    ),
    (
        "net.netfilter.nf_conntrack_",
        "sizes and times of connection tracking, but for those that are modelled",
    ),
    ("net.unix.", "sockets within the device"),
    ("vm.", "memory"),
];

/// Returns why a target is harmless, if it is.
pub(super) fn target(name: &str) -> Option<&'static str> {
    find(&TARGETS, name)
}

/// Returns why a statement is harmless, if it is.
pub(super) fn statement(name: &str) -> Option<&'static str> {
    find(&STATEMENTS, name)
}

/// Returns why a setting is harmless, if it is; `*` in the list stands for an
/// interface.
pub(super) fn sysctl(name: &str) -> Option<&'static str> {
    SYSCTLS
        .iter()
        .find(|(pattern, _)| match pattern.split_once('*') {
            Some((before, after)) => name
                .strip_prefix(before)
                .is_some_and(|rest| rest.ends_with(after)),
            None => name.starts_with(pattern),
        })
        .map(|&(_, reason)| reason)
}

fn find(list: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    list.iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, reason)| reason)
}
