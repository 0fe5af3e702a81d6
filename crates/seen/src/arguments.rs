//! What can be typed.

use crate::terminal::Colour;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Proves which journeys work across federated health and care networks.
#[derive(Debug, Parser)]
#[command(name = "seen", version, about, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,

    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What each exit code means, shown under `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  all as it should be
  1  findings: the input is readable, and something in it is wrong
  2  the command line or the input is unusable
  3  no findings, but some verdict is unknown
  4  refused, or a signature is missing
  5  a file or a peer could not be read or written
  70 a fault in seen itself";

/// The subcommands, in the order in which people meet them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a region folder with one network, organisation, site and agreement
    Init(Init),
    /// Prove which buildings reach which services, and find what is wrong
    Check(Check),
    /// Say why one journey works or does not, hop by hop and line by line
    Explain(Explain),
    /// Follow one packet through the network and back
    Trace(Trace),
    /// List the journeys that agreements ask for
    Journeys(Journeys),
    /// Print the routing tables
    Routes(Routes),
    /// Tell how well each line of each configuration is understood
    Coverage(Coverage),
    /// Compare two snapshots: journeys first, then packets, then lines
    Diff(Diff),
    /// Copy a folder without its keys, passwords and communities
    Sanitise(Sanitise),
    /// Draw the network as text for Graphviz or Mermaid
    Graph(Graph),
    /// Print the JSON Schema of a file of a region
    Schema(Schema),
    /// Print completions for a shell
    Completions(Completions),
}

/// Where the input is, common to most subcommands.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// A region folder, or a folder of configurations
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// The day that agreements are judged by (default: today)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) today: Option<jiff::civil::Date>,
}

/// How answers can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, on a terminal
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
    /// For code scanning
    Sarif,
    /// For build servers
    Junit,
    /// For people, in a browser: one file
    Html,
}

/// The form of an answer that is a table and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people, on a terminal
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

/// `seen init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to make; it must not exist
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// `seen check`
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) input: Input,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Show notes too, and findings and their evidence without limits
    #[arg(long)]
    pub(crate) all: bool,
}

/// `seen explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) input: Input,
    /// The site, or in a bare folder the prefix, that the journey starts from
    #[arg(long, value_name = "SITE[/SEGMENT]|PREFIX")]
    pub(crate) from: String,
    /// The service, or in a bare folder the address, that it goes to
    #[arg(long, value_name = "SERVICE|PREFIX[:PORT]")]
    pub(crate) to: String,
    /// The organisation of the person (default: every one that asks)
    #[arg(long, value_name = "ORGANISATION")]
    pub(crate) organisation: Option<String>,
    /// The protocol, where the service does not say
    #[arg(long, value_name = "tcp|udp|icmp|NUMBER")]
    pub(crate) protocol: Option<String>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = PlainFormat::Text)]
    pub(crate) format: PlainFormat,
}

/// The form of an answer that is a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlainFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `seen trace`
#[derive(Debug, Args)]
pub(crate) struct Trace {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Where the packet starts: an interface that it enters by, or a host
    #[arg(long, value_name = "DEVICE[:INTERFACE]")]
    pub(crate) at: String,
    /// The source address, with a port where the protocol has them
    #[arg(long, value_name = "ADDRESS[:PORT]")]
    pub(crate) source: String,
    /// The destination address, with a port where the protocol has them
    #[arg(long, value_name = "ADDRESS[:PORT]")]
    pub(crate) destination: String,
    /// The protocol
    #[arg(long, value_name = "tcp|udp|icmp|NUMBER", default_value = "tcp")]
    pub(crate) protocol: String,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = PlainFormat::Text)]
    pub(crate) format: PlainFormat,
}

/// `seen journeys`
#[derive(Debug, Args)]
pub(crate) struct Journeys {
    #[command(flatten)]
    pub(crate) input: Input,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

/// `seen routes`
#[derive(Debug, Args)]
pub(crate) struct Routes {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Only these devices
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Vec<String>,
    /// Only routes whose prefix contains this address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<std::net::IpAddr>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

/// `seen coverage`
#[derive(Debug, Args)]
pub(crate) struct Coverage {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Print each line that is not understood
    #[arg(long)]
    pub(crate) lines: bool,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

/// `seen diff`
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The folder as it was
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// The folder as it is
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
    /// The day that agreements are judged by (default: today)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) today: Option<jiff::civil::Date>,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = PlainFormat::Text)]
    pub(crate) format: PlainFormat,
}

/// `seen sanitise`
#[derive(Debug, Args)]
pub(crate) struct Sanitise {
    /// The folder with secrets
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The folder to make; it must not exist
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

/// `seen graph`
#[derive(Debug, Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    pub(crate) input: Input,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub(crate) format: GraphFormat,
}

/// The form of a drawn network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// For Graphviz
    Dot,
    /// For Mermaid
    Mermaid,
    /// For programs
    Json,
}

/// `seen schema`
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which file
    #[arg(value_enum)]
    pub(crate) file: SchemaOf,
}

/// The files of a region that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// region.yaml
    Region,
    /// networks/*/network.yaml
    Network,
    /// organisations/*.yaml
    Organisation,
    /// sites/*.yaml
    Site,
    /// agreements/*.yaml
    Agreement,
}

/// `seen completions`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
