//! Secrets in the text.

use crate::fortios::reading::Node;
use findings::{Code, Finding, Severity, Span};

/// Settings whose value is a secret, whether obscured (`ENC …`, which a unit
/// can undo) or not.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "psksecret",
    "psksecret-remote",
    "ppk-secret",
    "secret",
    "secondary-secret",
    "tertiary-secret",
    "rsso-secret",
    "radius-server-auth-secret",
    "private-key",
    "key-string",
    "authentication-key",
    "md5-key",
    "md5-keychain-key",
    "auth-pwd",
    "priv-pwd",
    "community-string",
    "api-key",
    "client-secret",
    "secret-key",
    "sae-password",
    "login-passwd",
    "ftp-password",
    "auth-password",
    "enc-key",
    "auth-key",
];

/// Finds every secret; the finding names the setting, never the value.
pub(super) fn found(root: &Node) -> Vec<Finding> {
    let mut places: Vec<(Span, &str)> = Vec::new();
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        for setting in node.settings() {
            let Some(first) = setting.values.first() else {
                continue;
            };
            let obscured = first.text == "ENC" && setting.values.len() > 1;
            let named = SECRETS.contains(&setting.key.as_str()) && !first.text.is_empty();
            if obscured || named {
                places.push((setting.span, &setting.key));
            }
        }
        waiting.extend(node.tables());
        waiting.extend(node.all_entries());
    }
    places.sort_unstable();
    places.dedup();
    places.truncate(super::FINDINGS_MAX);
    places
        .into_iter()
        .map(|(span, key)| {
            // The place ends before the value, so that no report quotes it.
            let shown = u32::try_from("set ".len() + key.len()).unwrap_or(u32::MAX);
            let place = Span {
                end: span.end.min(span.start.saturating_add(shown)),
                ..span
            };
            let message = format!("the configuration holds a secret: `{key}`");
            Finding::new(
                Code::new("secret-in-configuration"),
                Severity::Note,
                message,
            )
            .at(place)
            .with_hint("share configurations only after `seen sanitise`")
        })
        .collect()
}
