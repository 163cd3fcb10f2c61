//! A command, built from its parts: names that are written in the source, and values that are quoted.
use super::quoting::{self, Unquotable};
use crate::prelude::*;
use serde::Deserializer;

/// Who reads a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// PowerShell, Exchange's among them.
    PowerShell,
    /// A POSIX shell.
    Sh,
}

impl Shell {
    /// As it is named in a report.
    pub fn word(self) -> &'static str {
        match self {
            Self::PowerShell => "powershell",
            Self::Sh => "sh",
        }
    }
}

/// A command that stands on one line, or a step in words. Commands are built by [`Cmdlet`] and [`Program`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    text: String,
    remarks: Vec<String>,
    kind: Kind,
    /// What it is about, and which of its parameters say what becomes of that; of a cmdlet that was built here.
    object: Option<String>,
    parameters: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It runs as it stands.
    Whole,
    /// Something has to be filled in; its shell refuses the line until then.
    Blank,
    /// A step in words.
    Step,
    /// A line of a saved report, which anybody may have written.
    Saved,
}

/// The parameters that name what a cmdlet is about.
const NAMES: [&str; 2] = ["Identity", "Name"];
/// The parameters that say where it is looked for.
const SERVERS: [&str; 2] = ["DomainController", "Server"];

impl Command {
    /// A step in words.
    pub(super) fn step(text: String) -> Self {
        Self { text, remarks: Vec::new(), kind: Kind::Step, object: None, parameters: Vec::new() }
    }

    /// Adds what a person has to know before it.
    pub(super) fn note(&mut self, remark: &str) {
        self.remarks.insert(0, quoting::in_words(remark));
    }

    /// The line, and before it the comments that belong to it.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.remarks.iter().map(|remark| format!("# {remark}")).chain([self.text.clone()])
    }

    /// The line itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a person has to know before it, such as a value that could not be quoted.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// What a person has to do or to see before it, or the case in which alone it is right, where a remark says so.
    pub fn first(&self) -> Option<&str> {
        const STARTS: [&str; 4] = ["first ", "first, ", "see first ", "only where "];
        const WITHIN: [&str; 2] = ["unless you note it first", "; note "];
        let asks = |remark: &&String| {
            STARTS.iter().any(|start| remark.starts_with(start)) || WITHIN.iter().any(|part| remark.contains(part))
        };
        self.remarks.iter().find(asks).map(String::as_str)
    }

    /// The object that it makes, changes or removes, by the name that it has in the command.
    pub fn object(&self) -> Option<&str> {
        self.object.as_deref()
    }

    /// The parameters that say what becomes of the object.
    pub(super) fn parameters(&self) -> &[&'static str] {
        &self.parameters
    }

    /// The cmdlet's name, as `Set` and `SendConnector`; a program has no noun.
    pub(super) fn verb_and_noun(&self) -> (&str, &str) {
        let name = self.text.split(' ').next().unwrap_or_default();
        name.split_once('-').unwrap_or((name, ""))
    }

    /// Whether it only has Edge servers learn what was changed.
    pub fn synchronises(&self) -> bool {
        self.text.starts_with("Start-EdgeSynchronization")
    }

    /// Whether it runs as it stands: built here, and with nothing to be filled in.
    pub fn is_whole(&self) -> bool {
        self.kind == Kind::Whole
    }

    /// Whether it only shows something, tries it as Validate- and Test- do, or sets what this session sees: a preview has
    /// to do that as well.
    pub fn reads(&self) -> bool {
        ["Get-", "Test-", "Validate-", "Set-ADServerSettings "].iter().any(|start| self.text.starts_with(start))
    }

    /// Whether it is a step in words, which nobody quoted.
    pub fn is_step(&self) -> bool {
        self.kind == Kind::Step
    }

    /// Whether it is a line of a saved report.
    pub(super) fn is_saved(&self) -> bool {
        self.kind == Kind::Saved
    }
}

impl<'de> Deserialize<'de> for Command {
    /// A line of a saved report.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Ok(Self { text, remarks: Vec::new(), kind: Kind::Saved, object: None, parameters: Vec::new() })
    }
}

/// A cmdlet with its parameters. Its name and theirs are written in the source; a value is quoted, or, where no quotes make
/// it safe, told in a comment, with a placeholder in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cmdlet {
    line: String,
    remarks: Vec<String>,
    blank: bool,
    object: Option<String>,
    parameters: Vec<&'static str>,
}

impl Cmdlet {
    /// `New-SendConnector`.
    pub fn new(name: &'static str) -> Self {
        Self { line: name.into(), remarks: Vec::new(), blank: false, object: None, parameters: Vec::new() }
    }

    /// `Set-MailContact` of `Set` and `MailContact`.
    pub fn of(verb: &'static str, noun: &'static str) -> Self {
        Self { line: format!("{verb}-{noun}"), ..Self::new("") }
    }

    /// `-Identity 'a value'`.
    pub fn with(mut self, parameter: &'static str, value: impl AsRef<str>) -> Self {
        // A recipient is known by its address: what removes it names it so, and what makes it has another name as well.
        if parameter == "ExternalEmailAddress" && self.makes() || NAMES.contains(&parameter) && self.object.is_none() {
            self.object = Some(value.as_ref().into());
        }
        self.list(parameter, [value])
    }

    /// `-SmartHosts 'one','two'`; `$null` for none.
    pub fn list<V: AsRef<str>>(self, parameter: &'static str, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<V> = values.into_iter().collect();
        let quoted: Result<Vec<String>, Unquotable> =
            values.iter().map(|value| quoting::powershell(value.as_ref())).collect();
        match quoted {
            Ok(quoted) if quoted.is_empty() => self.null(parameter),
            Ok(quoted) => self.put(parameter, &quoted.join(",")),
            Err(Unquotable) => self.unquotable(parameter, values.iter().map(AsRef::as_ref)),
        }
    }

    /// `-EmailAddresses @{Add='a value'}`.
    pub fn change(self, parameter: &'static str, key: &'static str, value: impl AsRef<str>) -> Self {
        self.change_all(parameter, key, [value])
    }

    /// `-Replace @{proxyAddresses='one','two'}`.
    pub fn change_all<V: AsRef<str>>(
        self,
        parameter: &'static str,
        key: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values: Vec<V> = values.into_iter().collect();
        let quoted: Result<Vec<String>, Unquotable> =
            values.iter().map(|value| quoting::powershell(value.as_ref())).collect();
        match quoted {
            Ok(quoted) => self.put(parameter, &format!("@{{{key}={}}}", quoted.join(","))),
            Err(Unquotable) => self.unquotable(parameter, values.iter().map(AsRef::as_ref)),
        }
    }

    /// `-DomainType InternalRelay`: a word of the cmdlet's own.
    pub fn word(self, parameter: &'static str, word: &'static str) -> Self {
        self.put(parameter, word)
    }

    /// `-PermissionGroups AnonymousUsers,ExchangeUsers`: words of the cmdlet's own.
    pub fn words(self, parameter: &'static str, words: &[&'static str]) -> Self {
        self.put(parameter, &words.join(","))
    }

    /// `-Enabled $true`.
    pub fn bool(self, parameter: &'static str, value: bool) -> Self {
        self.put(parameter, if value { "$true" } else { "$false" })
    }

    /// `-CatchAllRecipient $null`.
    pub fn null(self, parameter: &'static str) -> Self {
        self.put(parameter, "$null")
    }

    /// `-Port 25`.
    pub fn number(self, parameter: &'static str, value: u64) -> Self {
        self.put(parameter, &value.to_string())
    }

    /// `-MaxMessageSize 1048576B`.
    pub fn bytes(self, parameter: &'static str, value: u64) -> Self {
        self.put(parameter, &format!("{value}B"))
    }

    /// `-Internal`: a switch.
    pub fn flag(mut self, switch: &'static str) -> Self {
        self.line += &format!(" -{switch}");
        self
    }

    /// `-Confirm:$false`: a switch that is turned off.
    pub fn off(mut self, switch: &'static str) -> Self {
        self.line += &format!(" -{switch}:$false");
        self
    }

    /// `-Start (Get-Date).AddHours(-24)`: so many hours before it is run.
    pub fn hours_ago(self, parameter: &'static str, hours: u8) -> Self {
        self.put(parameter, &format!("(Get-Date).AddHours(-{hours})"))
    }

    /// `-AuthenticationCredential (Get-Credential)`: PowerShell asks for name and password.
    pub fn credential(self, parameter: &'static str) -> Self {
        self.put(parameter, "(Get-Credential)")
    }

    /// `-Server <a Mailbox server>`: what nsdiag does not know, in words (letters, digits, blanks and `,.:-/`). PowerShell
    /// reserves `<` and so refuses the line as a whole; it stands neither in quotes nor in a list, where it would be a value.
    pub fn placeholder(mut self, parameter: &'static str, words: &'static str) -> Self {
        self.blank = true;
        self.put(parameter, &format!("<{}>", blank(words)))
    }

    /// `value` where there is one, else a placeholder.
    pub fn or_placeholder(self, parameter: &'static str, value: Option<impl AsRef<str>>, words: &'static str) -> Self {
        match value {
            Some(value) => self.with(parameter, value),
            None => self.placeholder(parameter, words),
        }
    }

    /// What the person who runs it has to know, in a comment before it.
    pub fn remark(mut self, text: &str) -> Self {
        self.remarks.push(quoting::in_words(text));
        self
    }

    /// Shows these properties of what it finds: `… | Format-List Name, AddressSpaces`.
    pub fn shows(mut self, properties: &[&'static str]) -> Self {
        self.line += &format!(" | Format-List {}", properties.join(", "));
        self
    }

    /// Whether it makes something new.
    pub fn makes(&self) -> bool {
        self.line.starts_with("New-")
    }

    fn put(mut self, parameter: &'static str, value: &str) -> Self {
        if !NAMES.contains(&parameter) && !SERVERS.contains(&parameter) {
            self.parameters.push(parameter);
        }
        self.line += &format!(" -{parameter} {value}");
        self
    }

    fn unquotable<'v>(mut self, parameter: &'static str, values: impl IntoIterator<Item = &'v str>) -> Self {
        for value in values {
            self = self.remark(&told(&format!("-{parameter}"), value));
        }
        self.placeholder(parameter, "see the comment")
    }
}

impl From<Cmdlet> for Command {
    fn from(cmdlet: Cmdlet) -> Self {
        let kind = if cmdlet.blank { Kind::Blank } else { Kind::Whole };
        let Cmdlet { line: text, remarks, object, parameters, .. } = cmdlet;
        Self { text, remarks, kind, object, parameters }
    }
}

/// A program with its arguments, for any shell that starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    name: &'static str,
    arguments: Vec<Argument>,
    remarks: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Argument {
    Word(&'static str),
    Value(String),
    List(Vec<String>),
    Blank(&'static str),
}

impl Program {
    /// `dsacls`.
    pub fn new(name: &'static str) -> Self {
        Self { name, arguments: Vec::new(), remarks: Vec::new() }
    }

    /// A word of the program's own: `/I:T`, `-q`.
    pub fn word(mut self, word: &'static str) -> Self {
        self.arguments.push(Argument::Word(word));
        self
    }

    /// A value.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.arguments.push(Argument::Value(value.into()));
        self
    }

    /// Several values as one argument, with commas between them; none may have a comma or a blank itself.
    pub fn list(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.push(Argument::List(values.into_iter().map(Into::into).collect()));
        self
    }

    /// What nsdiag does not know, in words.
    pub fn placeholder(mut self, words: &'static str) -> Self {
        self.arguments.push(Argument::Blank(words));
        self
    }

    /// What the person who runs it has to know, in a comment before it.
    pub fn remark(mut self, text: &'static str) -> Self {
        self.remarks.push(text);
        self
    }

    /// The command for `shell`.
    pub(super) fn in_shell(self, shell: Shell) -> Command {
        let remarks = self.remarks.into_iter().map(String::from).collect();
        let mut command =
            Command { text: self.name.into(), remarks, kind: Kind::Whole, object: None, parameters: Vec::new() };
        // A POSIX shell reads a file that has the name after `<`; an opening bracket is an error of syntax to each of them.
        let open = |words: &str| match shell {
            Shell::PowerShell => format!("<{}>", blank(words)),
            Shell::Sh => format!("(<{}>)", blank(words)),
        };
        let quote = match shell {
            Shell::PowerShell => quoting::argument,
            Shell::Sh => quoting::sh,
        };
        for argument in self.arguments {
            let (value, quoted) = match argument {
                Argument::Word(word) => (String::new(), Ok(word.into())),
                Argument::Blank(words) => {
                    command.kind = Kind::Blank;
                    (String::new(), Ok(open(words)))
                }
                Argument::Value(value) => {
                    let quoted = quote(&value);
                    (value, quoted)
                }
                Argument::List(values) => {
                    let divides = |c: char| c == ',' || c.is_whitespace();
                    let joined = values.join(",");
                    let odd = values.iter().any(|value| value.is_empty() || value.contains(divides));
                    let quoted = if odd { Err(Unquotable) } else { quote(&joined) };
                    (joined, quoted)
                }
            };
            let text = quoted.unwrap_or_else(|Unquotable| {
                command.kind = Kind::Blank;
                command.remarks.push(told(&format!("an argument of {}", self.name), &quoting::in_letters(&value)));
                open("see the comment")
            });
            command.text += &format!(" {text}");
        }
        command
    }
}

/// What is said of a value that cannot be quoted.
fn told(what: &str, value: &str) -> String {
    format!("{what} cannot be written here safely, it is, with what is unsafe written out: {value}")
}

/// `words` without what opens a string, a block or a list: a line that is refused must not swallow the next one.
fn blank(words: &str) -> String {
    words.chars().filter(|c| c.is_ascii_alphanumeric() || " ,.:-/".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IntoDeserializer;

    fn lines(command: impl Into<Command>) -> Vec<String> {
        command.into().lines().collect()
    }

    #[test]
    fn a_cmdlet_is_written_from_its_parts() {
        let all = Cmdlet::of("New", "SendConnector")
            .with("Name", "To d\u{2019}Ivoire")
            .flag("Internal")
            .list("AddressSpaces", ["SMTP:a.com;1", "b'c"])
            .list("SmartHosts", [""; 0])
            .bool("DNSRoutingEnabled", false)
            .word("Usage", "Internal")
            .number("Port", 25)
            .bytes("MaxMessageSize", 10)
            .change("EmailAddresses", "Add", "smtp:o'x@a.com")
            .credential("AuthenticationCredential")
            .hours_ago("Start", 24)
            .off("Confirm");
        let line = "New-SendConnector -Name 'To d\u{2019}\u{2019}Ivoire' -Internal -AddressSpaces 'SMTP:a.com;1','b''c' \
                    -SmartHosts $null -DNSRoutingEnabled $false -Usage Internal -Port 25 -MaxMessageSize 10B \
                    -EmailAddresses @{Add='smtp:o''x@a.com'} -AuthenticationCredential (Get-Credential) \
                    -Start (Get-Date).AddHours(-24) -Confirm:$false";
        assert_eq!(lines(all.clone()), [line]);
        assert!(Command::from(all).is_whole());
    }

    #[test]
    fn what_is_not_known_or_cannot_be_quoted_is_a_placeholder_outside_quotes() {
        let server = Cmdlet::new("X").or_placeholder("Server", None::<&str>, "the host's name; $(x) {\"a\"}");
        assert_eq!(lines(server.clone()), ["X -Server <the hosts name x a>"]);
        assert!(!Command::from(server).is_whole());
        assert_eq!(lines(Cmdlet::new("X").or_placeholder("Server", Some("A"), "which")), ["X -Server 'A'"]);
        let told = "# -To cannot be written here safely, it is, with what is unsafe written out: a\\u{a}#b";
        for cmdlet in [
            Cmdlet::new("X").with("To", "a\n#b"),
            Cmdlet::new("X").list("To", ["a\n#b"]),
            Cmdlet::new("X").change("To", "Add", "a\n#b"),
        ] {
            assert_eq!(lines(cmdlet.off("Confirm")), [told, "X -To <see the comment> -Confirm:$false"]);
        }
    }

    #[test]
    fn a_program_gets_its_arguments_as_each_shell_passes_them() {
        let program = || Program::new("dsacls").value("CN=O'Brien").word("/G").value("CORP\\x:GR").placeholder("an it");
        assert_eq!(lines(program().in_shell(Shell::PowerShell)), ["dsacls 'CN=O''Brien' /G 'CORP\\x:GR' <an it>"]);
        assert_eq!(lines(program().in_shell(Shell::Sh)), ["dsacls 'CN=O'\\''Brien' /G 'CORP\\x:GR' (<an it>)"]);
        let [told, line] = &lines(Program::new("dsacls").value("CN=\"a\"").in_shell(Shell::PowerShell))[..] else {
            panic!("a comment and a line");
        };
        assert_eq!(line, "dsacls <see the comment>");
        assert!(told.starts_with("# an argument of dsacls ") && told.ends_with(": CN=\\u{22}a\\u{22}"), "{told}");
    }

    #[test]
    fn a_list_is_one_argument_and_what_would_divide_it_is_refused() {
        let list =
            |values: &[&str]| lines(Program::new("swaks").word("--to").list(values.to_vec()).in_shell(Shell::Sh));
        assert_eq!(list(&["a@b", "o'x@b"]), ["swaks --to 'a@b,o'\\''x@b'"]);
        for odd in ["a,x@evil.example", "a b@c", "", "a\t@c"] {
            let all = list(&["a@b", odd]);
            assert_eq!(all.last().map(String::as_str), Some("swaks --to (<see the comment>)"), "{odd}");
        }
    }

    #[test]
    fn what_a_remark_asks_of_a_person_first_is_told_from_what_it_only_says() {
        let cases = [
            ("first give a.com a connector to the other system, else mail waits and expires", true),
            ("first, by hand: Note the catch-all recipient", true),
            ("see first where it leads: the send connectors (nobody asked)", true),
            ("only where it leads to the other system, and in place of a new connector", true),
            ("what the domain was is not known: unless you note it first, this cannot be undone", true),
            ("then NSD311 is left: no connector leads to the other system", false),
            ("what else Exchange kept there goes too, and nothing brings it back", false),
            ("firstly@a.com is its address", false),
        ];
        for (remark, asks) in cases {
            let command = Command::from(Cmdlet::new("X").remark("it is so").remark(remark));
            assert_eq!(command.first(), asks.then_some(remark));
        }
    }

    #[test]
    fn a_line_of_a_saved_report_is_never_taken_for_a_command_of_ours() {
        let text: serde::de::value::StrDeserializer<serde::de::value::Error> =
            "Remove-Mailbox -Identity 'a'".into_deserializer();
        let saved = Command::deserialize(text).unwrap();
        assert!(!saved.is_whole());
        assert_eq!(lines(saved), ["Remove-Mailbox -Identity 'a'"]);
    }
}
