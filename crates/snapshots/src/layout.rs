//! Which file of a folder is what, by the names alone.

use std::collections::BTreeMap;

/// What a folder holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Files that say what a region is; empty for a bare folder.
    pub(crate) region: Vec<String>,
    /// Whether the folder is one of a region.
    pub(crate) is_region: bool,
    /// Folders of configurations; in a region, of one network each.
    pub(crate) roots: Vec<Root>,
    /// Files where a region's would be, with a name that none has.
    pub(crate) misnamed: Vec<String>,
}

/// A folder of configurations in Batfish's layout.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Root {
    /// The network, for a folder of one.
    pub(crate) network: Option<String>,
    /// The folder, empty or with `/` at its end: rule files are named from here.
    pub(crate) folder: String,
    /// Configurations of one device each.
    pub(crate) configs: Vec<Config>,
    /// Linux host files.
    pub(crate) hosts: Vec<String>,
    /// Rule sets that host files may name.
    pub(crate) rules: Vec<String>,
    /// The cabling plan.
    pub(crate) cabling: Option<String>,
    /// Tables that were observed on devices.
    pub(crate) observed: Vec<String>,
    /// Files beside a device's configuration that are not read.
    pub(crate) ignored: Vec<String>,
}

/// The configuration of one device.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The file.
    pub(crate) path: String,
    /// The name of the device's own folder, where it has one.
    pub(crate) folder: Option<String>,
    /// Whether the file is one only if its text tells a language.
    pub(crate) doubtful: bool,
}

/// Names of files in a device's own folder that are configurations, the best first.
const IN_DEVICE_FOLDER: &[&str] = &[
    "show_running-config.txt",
    "show_running-config_all.txt",
    "show_full-configuration.txt",
    "show.txt",
    "show_configuration.txt",
    "show_configuration_|_display_set.txt",
    "running-config.txt",
    "running-config",
];

/// Ends of names that configurations have in a folder without a layout.
const CONFIG_ENDS: &[&str] = &[
    ".cfg",
    ".conf",
    ".config",
    ".rules",
    ".iptables",
    ".iptables-save",
    ".ip6tables-save",
    ".nft",
];

/// Ends of names that configurations may have there, and other things too.
const DOUBTFUL_ENDS: &[&str] = &[".txt", ".log", ".json"];

/// Tells what the files of a folder are; `files` is sorted.
pub(crate) fn of(files: &[String]) -> Layout {
    let in_network = |path: &str| {
        let rest = path.strip_prefix("networks/")?;
        let (network, rest) = rest.split_once('/')?;
        Some((network.to_owned(), rest.to_owned()))
    };
    let is_region = files.iter().any(|path| {
        path == "region.yaml" || in_network(path).is_some_and(|(_, rest)| rest == "network.yaml")
    });
    let mut networks: Vec<String> = files
        .iter()
        .filter_map(|path| in_network(path).map(|(network, _)| network))
        .collect();
    networks.dedup();
    let has = |folder: &str| {
        let starts = |path: &String, inner: &str| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with(inner))
        };
        let mut files = files.iter();
        files.any(|path| starts(path, "configs/") || starts(path, "hosts/"))
    };
    let of_networks = || {
        networks
            .iter()
            .map(|network| (Some(network.clone()), format!("networks/{network}/")))
            .filter(|(_, folder)| is_region || has(folder))
    };
    let mut layout = Layout {
        is_region,
        ..Layout::default()
    };
    if is_region {
        layout.roots = of_networks()
            .map(|(network, folder)| root(files, network, folder, None))
            .collect();
        sort_region_files(files, &mut layout);
    } else if has("") {
        layout.roots.push(root(files, None, String::new(), None));
    } else if has("live/") {
        // Batfish's own examples keep the snapshot in `live/` and the cabling beside it.
        let beside = cabling(files, "");
        let live = root(files, None, "live/".to_owned(), beside);
        layout.roots.push(live);
    } else if of_networks().next().is_some() {
        layout.roots = of_networks()
            .map(|(network, folder)| root(files, network, folder, None))
            .collect();
    } else {
        layout.roots.push(flat(files));
    }
    layout
}

/// Sorts the files of a region that are not of one network's devices.
fn sort_region_files(files: &[String], layout: &mut Layout) {
    for path in files {
        let parts: Vec<_> = path.split('/').collect();
        let expected = match parts.as_slice() {
            ["region.yaml"] => true,
            ["networks", _, name] => *name == "network.yaml",
            ["organisations" | "sites" | "agreements", name] => name.ends_with(".yaml"),
            _ => false,
        };
        let near = matches!(
            parts.as_slice(),
            ["region.yml"] | ["networks", _, "network.yml"]
        ) || matches!(parts.as_slice(),
            ["organisations" | "sites" | "agreements", _, ..] if !expected);
        if expected {
            layout.region.push(path.clone());
        } else if near {
            layout.misnamed.push(path.clone());
        }
    }
}

/// Returns what a folder in Batfish's layout holds.
fn root(files: &[String], network: Option<String>, folder: String, beside: Option<String>) -> Root {
    let mut root = Root {
        cabling: cabling(files, &folder).or(beside),
        network,
        ..Root::default()
    };
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in files {
        let Some(rest) = path.strip_prefix(folder.as_str()) else {
            continue;
        };
        let parts: Vec<_> = rest.split('/').collect();
        match parts.as_slice() {
            ["configs", name] if !is_readme(name) => root.configs.push(Config {
                path: path.clone(),
                folder: None,
                doubtful: false,
            }),
            ["configs", device, name] if !is_readme(name) => {
                folders.entry(device).or_default().push(path);
            }
            ["hosts", name] if name.ends_with(".json") => root.hosts.push(path.clone()),
            ["iptables", ..] => root.rules.push(path.clone()),
            ["observed", ..] => root.observed.push(path.clone()),
            _ => {}
        }
    }
    for (device, paths) in folders {
        device_folder(&mut root, device, &paths);
    }
    root.configs.sort_by(|a, b| a.path.cmp(&b.path));
    root.folder = folder;
    root
}

/// Chooses the configuration among the files of a device's own folder.
fn device_folder(root: &mut Root, device: &str, paths: &[&str]) {
    let rank = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        let known = IN_DEVICE_FOLDER.iter().position(|known| *known == name);
        known.unwrap_or(if stem == device {
            IN_DEVICE_FOLDER.len()
        } else {
            IN_DEVICE_FOLDER.len() + 1
        })
    };
    let best = paths.iter().min_by_key(|path| (rank(path), **path));
    for path in paths {
        if Some(path) == best {
            root.configs.push(Config {
                path: (*path).to_owned(),
                folder: Some(device.to_owned()),
                doubtful: false,
            });
        } else {
            root.ignored.push((*path).to_owned());
        }
    }
}

/// Returns what a folder without a layout holds: the files directly in it.
fn flat(files: &[String]) -> Root {
    let ends = |path: &str, ends: &[&str]| {
        let lower = path.to_ascii_lowercase();
        ends.iter().any(|end| lower.ends_with(end))
    };
    let configs = files.iter().filter(|path| !path.contains('/'));
    let configs = configs.filter(|path| !is_readme(path) && !is_cabling(path));
    let configs = configs.filter_map(|path| {
        let doubtful = ends(path, DOUBTFUL_ENDS);
        (doubtful || ends(path, CONFIG_ENDS)).then(|| Config {
            path: path.clone(),
            folder: None,
            doubtful,
        })
    });
    let observed = files.iter().filter(|path| path.starts_with("observed/"));
    Root {
        configs: configs.collect(),
        cabling: cabling(files, ""),
        observed: observed.cloned().collect(),
        ..Root::default()
    }
}

/// Returns the cabling plan of a folder: under Batfish's name where that is there.
fn cabling(files: &[String], folder: &str) -> Option<String> {
    let plans = files.iter().filter(|path| {
        path.strip_prefix(folder).is_some_and(|rest| {
            let rest = rest.strip_prefix("batfish/").unwrap_or(rest);
            !rest.contains('/') && is_cabling(rest)
        })
    });
    plans
        .min_by_key(|path| (!path.ends_with("/layer1_topology.json"), path.len(), *path))
        .cloned()
}

fn is_cabling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("layer1") && name.ends_with(".json")
}

fn is_readme(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("readme") || name.ends_with(".md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(files: &[&str]) -> Layout {
        let mut files: Vec<_> = files.iter().map(|path| (*path).to_owned()).collect();
        files.sort_unstable();
        of(&files)
    }

    fn configs(layout: &Layout) -> Vec<&str> {
        let roots = layout.roots.iter();
        roots
            .flat_map(|root| root.configs.iter().map(|config| config.path.as_str()))
            .collect()
    }

    /// Each layout that people have is recognised.
    #[test]
    fn layouts() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["configs/a.cfg", "configs/README.md", "b.cfg"],
                &["configs/a.cfg"],
            ),
            (
                &["live/configs/a.cfg", "routes.tsv"],
                &["live/configs/a.cfg"],
            ),
            (
                &[
                    "networks/x/configs/a.cfg",
                    "networks/y/configs/b.cfg",
                    "networks/z/notes",
                ],
                &["networks/x/configs/a.cfg", "networks/y/configs/b.cfg"],
            ),
            (
                &["a.cfg", "b.conf", "c.png", "d/e.cfg"],
                &["a.cfg", "b.conf"],
            ),
            (
                &[
                    "configs/r1/show.txt",
                    "configs/r1/show_running-config.txt",
                    "configs/r2/x",
                ],
                &["configs/r1/show_running-config.txt", "configs/r2/x"],
            ),
        ];
        for (files, expected) in cases {
            assert_eq!(configs(&layout(files)), *expected, "{files:?}");
        }
    }

    /// A cabling plan is found where Batfish and its examples keep it.
    #[test]
    fn cabling_plans() {
        for (files, expected) in [
            (
                vec!["configs/a", "layer1_topology.json"],
                "layer1_topology.json",
            ),
            (
                vec!["configs/a", "batfish/layer1_topology.json"],
                "batfish/layer1_topology.json",
            ),
            (
                vec!["live/configs/a", "example_layer1_topology.json"],
                "example_layer1_topology.json",
            ),
        ] {
            let layout = layout(&files);
            let plans: Vec<_> = layout
                .roots
                .iter()
                .map(|root| root.cabling.as_deref())
                .collect();
            assert_eq!(plans, [Some(expected)]);
        }
    }

    /// A region's own files are told from those that miss their name.
    #[test]
    fn region_files() {
        let layout = layout(&[
            "region.yaml",
            "networks/x/network.yaml",
            "networks/x/configs/a.cfg",
            "sites/s.yaml",
            "sites/t.yml",
            "plans/p/plan.yaml",
        ]);
        assert!(layout.is_region);
        assert_eq!(
            layout.region,
            ["networks/x/network.yaml", "region.yaml", "sites/s.yaml"]
        );
        assert_eq!(layout.misnamed, ["sites/t.yml"]);
        assert_eq!(configs(&layout), ["networks/x/configs/a.cfg"]);
    }
}
