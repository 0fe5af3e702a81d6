//! One device in a network namespace, its interfaces in our hands.

use crate::wire::{self, Label};
use packets::Packet;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use tappers::{Interface, Tun};

/// The kernel could not be made to do as the device is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A program that the lab needs could not be started or failed.
    #[error("`{command}` failed: {output}")]
    Program {
        /// What was started.
        command: String,
        /// What it said, or why it could not be started.
        output: String,
    },

    /// A TUN device could not be made or used.
    #[error("the interface `{name}` cannot be used")]
    Device {
        /// Its name.
        name: String,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },

    /// A setting of the kernel could not be changed.
    #[error("the setting `{name}` cannot be changed")]
    Setting {
        /// Its path under `/proc/sys`.
        name: String,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
}

/// A packet that left the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The interface it left by, as an index into the list given.
    pub interface: usize,
    /// Its header.
    pub packet: Packet,
    /// What else it carries.
    pub label: Label,
}

/// The device: the namespace that this process runs in.
pub struct Kernel {
    names: Vec<String>,
    interfaces: Vec<Tun>,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// How a rule set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `iptables-save`.
    Iptables,
    /// nft.
    Nft,
}

/// Starts a program in a network namespace of its own, which ends with it.
///
/// # Errors
///
/// [`LabError::Program`] when `unshare` cannot be started.
pub fn in_namespace(
    program: impl AsRef<OsStr>,
    arguments: &[String],
) -> Result<(ExitStatus, String), LabError> {
    let output = Command::new("unshare")
        .arg("--net")
        .arg("--")
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|cause| LabError::Program {
            command: "unshare".to_owned(),
            output: cause.to_string(),
        })?;
    Ok((
        output.status,
        String::from_utf8_lossy(&output.stdout).into_owned(),
    ))
}

impl Kernel {
    /// Makes the interfaces, each with an address, and turns forwarding on.
    ///
    /// Only to be called in a namespace of one's own ([`in_namespace`]).
    ///
    /// # Errors
    ///
    /// Where the kernel or a program refuses.
    pub fn new(interfaces: &[(String, String)]) -> Result<Self, LabError> {
        let settings = [
            ("net/ipv6/conf/all/disable_ipv6", "1"),
            ("net/ipv6/conf/default/disable_ipv6", "1"),
            ("net/ipv4/ip_forward", "1"),
            ("net/ipv4/conf/all/rp_filter", "0"),
            ("net/ipv4/conf/default/rp_filter", "0"),
            ("net/ipv4/conf/all/send_redirects", "0"),
            ("net/ipv4/conf/default/send_redirects", "0"),
            ("net/ipv4/icmp_ratelimit", "0"),
        ];
        for (name, value) in settings {
            set(name, value)?;
        }
        let mut kernel = Self {
            names: Vec::new(),
            interfaces: Vec::new(),
        };
        for (name, address) in interfaces {
            let failed = |cause| LabError::Device {
                name: name.clone(),
                cause,
            };
            let mut tun = Interface::new(name)
                .and_then(Tun::new_named)
                .map_err(failed)?;
            run("ip", &["address", "add", address, "dev", name], None)?;
            tun.set_up().map_err(failed)?;
            tun.set_nonblocking(true).map_err(failed)?;
            kernel.names.push(name.clone());
            kernel.interfaces.push(tun);
        }
        Ok(kernel)
    }

    /// Loads a rule set as it is written.
    ///
    /// # Errors
    ///
    /// [`LabError::Program`] with what the loader said.
    pub fn load(&self, language: Language, rules: &str) -> Result<(), LabError> {
        match language {
            Language::Iptables => run("iptables-restore", &[], Some(rules))?,
            Language::Nft => run("nft", &["-f", "-"], Some(rules))?,
        }
        // Where no rule asks for connections the setting is not there.
        let strict = set("net/netfilter/nf_conntrack_tcp_loose", "0");
        drop(strict);
        Ok(())
    }

    /// Lets a packet enter by an interface, and returns what left for it.
    ///
    /// The kernel forwards within the call that hands it the packet, so what has
    /// not left when that returns was dropped.
    ///
    /// # Errors
    ///
    /// [`LabError::Device`] when the interface does not take the packet.
    pub fn pass(
        &self,
        interface: usize,
        packet: &Packet,
        label: Label,
    ) -> Result<Option<Seen>, LabError> {
        let (Some(bytes), Some(tun)) = (wire::write(packet, label), self.interfaces.get(interface))
        else {
            return Ok(None);
        };
        self.collect(None);
        tun.send(&bytes).map_err(|cause| LabError::Device {
            name: self.names.get(interface).cloned().unwrap_or_default(),
            cause,
        })?;
        Ok(self.collect(Some(label.ident)))
    }

    /// Empties every interface; returns the packet with the identification.
    fn collect(&self, ident: Option<u16>) -> Option<Seen> {
        let mut found = None;
        let mut buffer = [0u8; 2048];
        for (interface, tun) in self.interfaces.iter().enumerate() {
            while let Ok(length) = tun.recv(&mut buffer) {
                let read = buffer.get(..length).and_then(wire::read);
                if let Some((packet, label)) = read
                    && Some(label.ident) == ident
                {
                    found = Some(Seen {
                        interface,
                        packet,
                        label,
                    });
                }
            }
        }
        found
    }
}

fn set(name: &str, value: &str) -> Result<(), LabError> {
    std::fs::write(format!("/proc/sys/{name}"), value).map_err(|cause| LabError::Setting {
        name: name.to_owned(),
        cause,
    })
}

fn run(program: &str, arguments: &[&str], input: Option<&str>) -> Result<(), LabError> {
    let failed = |output: String| LabError::Program {
        command: format!("{program} {}", arguments.join(" ")),
        output,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| failed(cause.to_string()))?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(input.unwrap_or("").as_bytes())
            .map_err(|cause| failed(cause.to_string()))?;
    }
    let output = child
        .wait_with_output()
        .map_err(|cause| failed(cause.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()))
}
