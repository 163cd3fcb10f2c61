//! The command line: the commands, and the arguments that several of them share.
use crate::commands::bounce::BounceArgs;
use crate::commands::check::CheckArgs;
use crate::commands::completions::CompletionsArgs;
use crate::commands::demo::DemoArgs;
use crate::commands::diff::DiffArgs;
use crate::commands::explain::ExplainArgs;
use crate::commands::merge::MergeArgs;
use crate::commands::recheck::RecheckArgs;
use crate::commands::redact::{RedactArgs, TokenArgs};
use crate::commands::schema::SchemaArgs;
use crate::commands::show::ShowArgs;
use crate::commands::trace::TraceArgs;
use crate::report::format::{Format, files};
use crate::report::nagios::Range;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds out who cannot get mail in an SMTP domain that Exchange shares with another mail system.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Exit status: 0 ok, 1 warning, 2 critical, 3 a question stayed open, 64 bad arguments, 70 a fault of nsdiag's own (with
--format nagios both are 3)

  nsdiag demo                        see it at work on a broken landscape in a box
  nsdiag check contoso.com --plan    what it would ask, of whom";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect evidence on a shared domain, judge it, report
    Check(Box<CheckArgs>),
    /// Follow one address' mail: the predicted path beside the observed one
    Trace(Box<TraceArgs>),
    /// The same against an embedded lab: servers on loopback that play a scenario
    Demo(DemoArgs),
    /// What a bounce means: who refused, why, whether that is false, and what mends it
    Bounce(Box<BounceArgs>),
    /// Render a saved report again, or write its remedies as a script
    Show(ShowArgs),
    /// What changed between two saved reports: findings, facts, recipients
    Diff(DiffArgs),
    /// Reports of several vantage points as one: outside, DMZ, inside
    Merge(MergeArgs),
    /// Judge a saved report's evidence again, offline, by this version's rules
    Recheck(RecheckArgs),
    /// Put tokens in place of the names in a saved report, to share it
    Redact(RedactArgs),
    /// A finding code, or what an SMTP reply means; alone, the list of codes
    Explain(ExplainArgs),
    /// The JSON Schema of a document
    Schema(SchemaArgs),
    /// Completions for a shell, to standard output
    Completions(CompletionsArgs),
    /// The manual page, to standard output
    Man,
}

/// What is asked, of whom and how: the same for every command that asks.
#[derive(Args, Clone, Debug, Default)]
pub struct AskArgs {
    /// The configuration file [default: ./nsdiag.toml, then the user's and the system's]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A gateway [default: every MX host, at every address]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub gateway: Vec<String>,
    /// Exchange's SMTP hop behind the gateway
    #[arg(long, value_name = "HOST[:PORT]")]
    pub exchange: Vec<String>,
    /// The other system's SMTP hop [default: the smart hosts of the send connector that wins for the domain]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub other: Vec<String>,
    /// A directory server: ldaps://, or ldap:// with StartTLS [default: by DNS SRV, where --ldap-user is given]
    #[arg(long, value_name = "URL")]
    pub ldap: Vec<String>,
    /// As whom to bind: a DN, a UPN or DOMAIN\user
    #[arg(long, value_name = "NAME")]
    pub ldap_user: Option<String>,
    /// The file with the password [default: $CREDENTIALS_DIRECTORY/ldap-password]
    #[arg(long, value_name = "FILE")]
    pub ldap_password_file: Option<PathBuf>,
    /// Bind by Kerberos over TLS, with the ticket cache ($KRB5CCNAME) or a keytab ($KRB5_CLIENT_KTNAME)
    #[cfg(feature = "gssapi")]
    #[arg(long)]
    pub ldap_kerberos: bool,
    /// Let the password go in the clear where there is no TLS
    #[arg(long)]
    pub ldap_plaintext: bool,
    /// PEM roots to trust beside the system's, for LDAP and SMTP
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// An export of Exchange's configuration or recipients, or a folder of them: CLIXML, JSON, CSV or what
    /// Format-List and Format-Table show, beside LDAP or instead of it (nsdiag explain NSD331 prints a script for it)
    #[arg(long, value_name = "PATH")]
    pub exchange_export: Vec<PathBuf>,
    /// Addresses with a mailbox on the other system: text, CSV, JSON, LDIF, XLSX, a map or a dump, as the system gives it
    #[arg(long, value_name = "FILE")]
    pub recipients: Vec<PathBuf>,
    /// The domain of names without one in the lists
    #[arg(long, value_name = "DOMAIN")]
    pub list_domain: Option<String>,
    /// An address with a mailbox on the other system
    #[arg(long, value_name = "ADDR")]
    pub recipient: Vec<String>,
    /// An address that the gateway surely takes [default: a mailbox found in the directory, then postmaster]
    #[arg(long, value_name = "ADDR")]
    pub known_good: Vec<String>,
    /// A DNS server to ask [default: those of /etc/resolv.conf]
    #[arg(long, value_name = "IP[:PORT]")]
    pub resolver: Vec<String>,
    /// The sender that probes name [default: postmaster at this host's name]
    #[arg(long, value_name = "ADDR")]
    pub mail_from: Option<String>,
    /// The name that probes give in EHLO [default: this host's]
    #[arg(long, value_name = "NAME")]
    pub ehlo: Option<String>,
    /// How fast to probe: polite, own (the hosts are yours: pipelining, several sessions, whole lists), or so many RCPT a
    /// second [default: polite]
    #[arg(long, value_name = "polite|own|N/s")]
    pub pace: Option<String>,
    /// Keep each answer in this file as it comes, and go on from it after an interruption [default: beside the first
    /// --output, for --pace own and more than 200 recipients]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// How many recipients to probe at one hop [default: 20; all with --pace own]
    #[arg(long, value_name = "N")]
    pub max_recipients: Option<usize>,
    /// Seconds for one network step [default: 10]
    #[arg(long, value_name = "SECS")]
    pub timeout: Option<u64>,
    /// Seconds for the whole run, which then reports what it has [default: 120]
    #[arg(long, value_name = "SECS")]
    pub deadline: Option<u64>,
}

impl AskArgs {
    /// Whether to bind by Kerberos.
    pub fn kerberos(&self) -> bool {
        #[cfg(feature = "gssapi")]
        return self.ldap_kerberos;
        #[cfg(not(feature = "gssapi"))]
        return false;
    }
}

/// What of a report is judged, and what becomes of it.
#[derive(Args, Clone, Debug, Default)]
pub struct ReportArgs {
    /// Judge only these codes or areas (dns, smtp, exchange, recipients, flow)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Do not judge these codes or areas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// How it is told
    #[command(flatten)]
    pub told: ToldArgs,
}

/// How a report is told, and where: the same for every command that has one.
#[derive(Args, Clone, Debug, Default)]
pub struct ToldArgs {
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Also write a file
    #[arg(short, long, value_name = "FILE", help = files())]
    pub output: Vec<PathBuf>,
    /// Whether names are told
    #[command(flatten)]
    pub redact: TokenArgs,
    /// When to colour the table
    #[arg(long, value_enum, default_value_t)]
    pub color: Color,
    /// No progress and no notes, and of the table, of Markdown and of a plugin's output the first line
    #[arg(short, long)]
    pub quiet: bool,
    /// Nothing is folded or left out, and the dialogues with the hops are there
    #[arg(short, long)]
    pub verbose: bool,
    /// When a monitoring plugin alerts
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// When a monitoring plugin alerts.
#[derive(Args, Clone, Debug, Default)]
pub struct LimitArgs {
    /// With --format nagios: a warning where the number of recipients that cannot get mail is outside of this range (10, 5:,
    /// ~:4, @1:3). It lowers findings about such recipients alone while that number is within; all others keep their weight
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    pub warning: Option<Range>,
    /// With --format nagios: critical where that number is outside of this range. It has no short form: -c is --config. Without
    /// --warning, who is refused is a warning still; without --critical, more than --warning allows stay critical
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true)]
    pub critical: Option<Range>,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
