//! Lines of `ip rule` (ip-rule(8)).

use super::names;
use super::netfilter::{Builder, all, negated_if, unknown, unknown_action};
use super::routes::{Refusal, Table, add_table, net};
use findings::Span;
use networks::model::{
    Action, Chain, ChainId, Condition, InterfaceSet, LineState, NextHop, RouteAction, Rule,
    StaticRoute, TableId, VrfId,
};
use packets::{AddressSet, Family, Ports};
use std::collections::BTreeMap;

/// Where the kernel puts the rule that asks the main table.
const MAIN_PRIORITY: u32 = 32766;

/// A rule as it was written.
#[derive(Debug)]
struct PolicyRule {
    priority: u32,
    conditions: Vec<Condition>,
    negated: bool,
    action: PolicyAction,
    origin: Span,
}

#[derive(Debug)]
enum PolicyAction {
    Lookup { table: Table, suppress: Option<u8> },
    Discard,
    Nothing,
    Unknown(Refusal),
}

/// Gives the device a chain of policy routing from the lines of `ip rule`.
///
/// The rules that the kernel always begins with (ask `local`, `main`, `default`)
/// are supplied where the lines do not have them.
pub(super) fn read_rules(
    builder: &mut Builder,
    tables: &BTreeMap<String, TableId>,
    lines: &[(String, Span)],
    family: Family,
) -> (Vec<Rule>, Vec<(Span, LineState)>) {
    let mut states = Vec::new();
    let mut rules = Vec::new();
    for (text, origin) in lines {
        let rule = policy_rule(builder, text, family, *origin);
        let understood = !matches!(rule.action, PolicyAction::Unknown(_));
        states.push((
            *origin,
            match understood {
                true => LineState::Understood,
                false => LineState::NotRecognised,
            },
        ));
        rules.push(rule);
    }
    rules.sort_by_key(|rule| rule.priority);
    let asks = |table: &Table| {
        rules.iter().any(|rule| {
            matches!(&rule.action, PolicyAction::Lookup { table: asked, suppress: None } if asked == table)
        })
    };
    let complete = asks(&Table::Local);
    let (first, main) = (rules.first().map(|rule| rule.origin), asks(&Table::Main));
    let mut made = Vec::new();
    for rule in rules {
        made.extend(model_rule(builder, tables, rule, family));
    }
    if let Some(origin) = first
        && complete
        && !main
    {
        made.push(Rule {
            condition: Condition::Source(AddressSet::all_of(family)),
            action: Action::Route(RouteAction::Discard),
            origin,
        });
    }
    (made, states)
}

fn policy_rule(builder: &mut Builder, text: &str, family: Family, origin: Span) -> PolicyRule {
    let mut rule = PolicyRule {
        priority: MAIN_PRIORITY - 1,
        conditions: Vec::new(),
        negated: false,
        action: PolicyAction::Unknown("the rule has no action".to_owned()),
        origin,
    };
    let (priority, rest) = text.split_once(':').unwrap_or(("", text));
    let rest = match priority.trim().parse() {
        Ok(priority) => {
            rule.priority = priority;
            rest
        }
        Err(_) => text,
    };
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        if let Err(reason) = policy_word(builder, &mut rule, word, &mut words, family) {
            rule.action = PolicyAction::Unknown(reason);
            break;
        }
    }
    rule
}

fn policy_word<'w>(
    builder: &mut Builder,
    rule: &mut PolicyRule,
    word: &str,
    words: &mut impl Iterator<Item = &'w str>,
    family: Family,
) -> Result<(), Refusal> {
    let refusal = || format!("`{word}` of rules is not understood");
    let everywhere = InterfaceSet::new(builder.device.interfaces().map(|(id, _)| id));
    let own = Condition::Not(Box::new(Condition::EntersBy(everywhere)));
    match word {
        "not" => rule.negated = true,
        "from" | "to" => {
            let net = words
                .next()
                .and_then(|text| net(text, family))
                .ok_or_else(refusal)?;
            if net.prefix_len() > 0 {
                let set = AddressSet::from(net);
                rule.conditions.push(match word {
                    "from" => Condition::Source(set),
                    _ => Condition::Destination(set),
                });
            }
        }
        "fwmark" => {
            let (value, mask) = words
                .next()
                .and_then(names::value_and_mask)
                .ok_or_else(refusal)?;
            rule.conditions.push(Condition::Mark {
                mask,
                value: value & mask,
            });
        }
        "iif" => match words.next().ok_or_else(refusal)? {
            "lo" => rule.conditions.push(own),
            name => {
                let set = builder.interfaces(name, '\0', rule.origin);
                rule.conditions.push(Condition::EntersBy(set));
            }
        },
        // Only packets of sockets bound to an interface have one here.
        "oif" => {
            words.next();
            let bound = unknown(rule.origin, "which interface a socket is bound to");
            rule.conditions.push(Condition::All(vec![own, bound]));
        }
        "uidrange" => {
            words.next();
            let user = unknown(rule.origin, "which user sends is not modelled");
            rule.conditions.push(Condition::All(vec![own, user]));
        }
        "tos" | "dsfield" | "dscp" => {
            words.next();
            let tos = unknown(rule.origin, "the TOS field is not modelled");
            rule.conditions.push(tos);
        }
        "ipproto" => {
            let protocol = words.next().and_then(names::protocol).ok_or_else(refusal)?;
            rule.conditions.push(Condition::Protocol(vec![protocol]));
        }
        "sport" | "dport" => {
            let ports = words.next().and_then(port_range).ok_or_else(refusal)?;
            rule.conditions.push(match word {
                "sport" => Condition::SourcePort(ports),
                _ => Condition::DestinationPort(ports),
            });
        }
        "lookup" | "table" => {
            let table = Table::named(words.next().ok_or_else(refusal)?);
            rule.action = PolicyAction::Lookup {
                table,
                suppress: None,
            };
        }
        "suppress_prefixlength" => {
            let length = words.next().and_then(|text| text.parse().ok());
            if let PolicyAction::Lookup { suppress, .. } = &mut rule.action {
                *suppress = Some(length.ok_or_else(refusal)?);
            }
        }
        "pref" | "preference" | "priority" | "order" => {
            let priority = words.next().and_then(|text| text.parse().ok());
            rule.priority = priority.ok_or_else(refusal)?;
        }
        "blackhole" | "unreachable" | "prohibit" => rule.action = PolicyAction::Discard,
        "nop" => rule.action = PolicyAction::Nothing,
        "proto" | "protocol" | "realms" => {
            words.next();
        }
        "[detached]" => return Err("the interface of the rule was not there".to_owned()),
        _ => return Err(refusal()),
    }
    Ok(())
}

fn port_range(text: &str) -> Option<Ports> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(Ports::from(names::port(first)?..=names::port(last)?))
}

fn model_rule(
    builder: &mut Builder,
    tables: &BTreeMap<String, TableId>,
    rule: PolicyRule,
    family: Family,
) -> Option<Rule> {
    let action = match rule.action {
        PolicyAction::Discard => Action::Route(RouteAction::Discard),
        PolicyAction::Nothing => return None,
        PolicyAction::Unknown(reason) => unknown_action(rule.origin, reason),
        PolicyAction::Lookup { table, suppress } => match (table, suppress) {
            // What the device owns is delivered before policy routing is asked.
            (Table::Local, _) => return None,
            (Table::Main, None) => Action::Route(RouteAction::Main),
            (Table::Main, Some(length)) => {
                Action::Route(RouteAction::Table(longer_than(builder, None, length)))
            }
            (Table::Other(name), suppress) => match (tables.get(&name), suppress) {
                // A table without routes decides nothing.
                (None, _) => return None,
                (Some(&id), None) => Action::Route(RouteAction::Table(id)),
                (Some(&id), Some(length)) => {
                    Action::Route(RouteAction::Table(longer_than(builder, Some(id), length)))
                }
            },
        },
    };
    let matched = negated_if(rule.negated, all(rule.conditions));
    Some(Rule {
        condition: all(vec![Condition::Source(AddressSet::all_of(family)), matched]),
        action,
        origin: rule.origin,
    })
}

/// Makes the table of the routes longer than `length`: of another table, or of
/// the main one, which has the prefixes of interfaces too.
fn longer_than(builder: &mut Builder, table: Option<TableId>, length: u8) -> TableId {
    let routes = match table {
        Some(id) => builder.device.table(id).map(|table| table.routes.clone()),
        None => builder
            .device
            .vrf(VrfId::DEFAULT)
            .map(|vrf| vrf.static_routes.clone()),
    };
    let mut routes = routes.unwrap_or_default();
    if table.is_none() {
        for (id, interface) in builder.device.interfaces() {
            for address in &interface.addresses {
                routes.push(StaticRoute {
                    prefix: address.net.trunc(),
                    next_hop: NextHop::Interface(id),
                    distance: 0,
                    priority: 0,
                    tag: 0,
                    permanent: false,
                    run_time: false,
                    origin: address.origin,
                });
            }
        }
    }
    routes.retain(|route| route.prefix.prefix_len() > length);
    let name = table
        .and_then(|id| builder.device.table(id))
        .map_or("main", |table| table.name.as_str());
    let name = format!("{name}, longer than /{length}");
    add_table(builder, name, routes)
}

/// Hangs the rules of both families on the VRF.
pub(super) fn install_rules(builder: &mut Builder, rules: Vec<Rule>) {
    let Some(origin) = rules.first().map(|rule| rule.origin) else {
        return;
    };
    let id = ChainId(u32::try_from(builder.device.chains.len()).unwrap_or(u32::MAX));
    builder.device.chains.push(Chain {
        name: "ip rule".to_owned(),
        rules,
        default: Action::Return,
        origin: Some(origin),
    });
    if let Some(vrf) = builder.device.vrfs.first_mut() {
        vrf.policy_routing = Some(id);
    }
}
