//! One run: collects everything there is to ask, each question once, and has it judged.
mod hosts;

use crate::collect::directory::catalog::{self, Catalog, Listener, Teller};
use crate::collect::directory::{self, Access, Roster, Wanted, discovery};
use crate::collect::dns::{self, Resolver};
use crate::collect::promises;
use crate::collect::rosters::Rosters;
use crate::collect::smtp::{Manners, TlsTrust};
use crate::collect::{exports, lists};
use crate::commands::explain::named;
use crate::config::{ALL, DirectorySettings, ExportSettings, JournalSettings, Settings};
use crate::journal::Journal;
use crate::probing::{self, Choice, Pace, Prober};
use crate::{clock, vantage};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use hosts::HOPS;
use nsdiag_checks::evidence::directory::Origin;
use nsdiag_checks::evidence::smtp::{Hop, Role};
use nsdiag_checks::evidence::{Beyond, Directory, Evidence, How, List, Miss, Observed, Question, SystemKind};
use nsdiag_checks::judge::{Case, Check, Notes, count};
use nsdiag_checks::model::hops::good_at;
use nsdiag_checks::replies::OwnReply;
use nsdiag_checks::report::{Estimate, Report, Run, Vantage, report};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Why there is no report.
#[derive(Debug)]
pub enum Failure {
    /// Something in the arguments or in a file that they name.
    Usage(String),
    /// Something of our own.
    Fault(String),
}

/// What is told while a run goes on.
pub enum Word<'a> {
    /// What it does now.
    Step(&'a str),
    /// What the user should know at once.
    Note(&'a str),
}

/// How many recipients of a directory are compared with another one where not everybody is asked for.
const COMPARED: usize = 5_000;
/// From how many recipients on a run keeps a journal beside its report.
const LONG: usize = 200;

/// Collects and judges. The notes are for the user, beside the report.
///
/// # Errors
/// Only for what the user must correct; what the world does ends in the report.
pub async fn check(settings: &Settings, tell: &dyn Fn(Word)) -> Result<(Report, Vec<String>), Failure> {
    let began = Instant::now();
    let started_at = clock::now();
    let mut question = settings.question.clone();
    let mut notes = settings.notes.clone();
    let files = read_lists(settings, &mut notes)?;
    let journal = journal(settings, &question, &files, tell)?;
    if let Some(journal) = &journal {
        // The controls are those of the run that began it.
        [question.random, question.second_random] = journal.randoms().map(String::from);
    }
    let collector = Collector::new(settings, began, journal, tell)?;
    let evidence = collector.collect(settings, &question, files).await?;
    if let Some(trouble) = collector.prober.journal.as_ref().and_then(Journal::trouble) {
        notes.push(format!("the journal could not be written: {trouble}"));
    }
    notes.extend(unusable(&evidence));
    notes.extend(no_host_of_replies(&question, &evidence));
    question.known_good.dedup();
    let targets = evidence.hops.iter().filter_map(|hop| Some(SocketAddr::new(hop.address?, hop.port)));
    let run = Run {
        started_at,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        complete: is_complete(&evidence) && !collector.prober.cut.get(),
        vantage: Vantage { hostname: vantage::hostname(), addresses: vantage::addresses(targets) },
        settings: question,
        redacted: None,
        estimate: Estimate::of(collector.prober.estimates.take()),
        vantages: Vec::new(),
        notes: Vec::new(),
    };
    tell(Word::Step("judging"));
    let (report, of_ignores) = report(env!("CARGO_PKG_VERSION"), run, evidence, &run_check);
    notes.extend(of_ignores);
    // A server may echo a password anywhere in what it says.
    let report = settings.secrets.mask_report(report).map_err(Failure::Fault)?;
    Ok((report, notes.iter().map(|note| settings.secrets.mask(note)).collect()))
}

/// A `[[reply]]` that is for a host which was not asked says nothing, perhaps by a slip.
fn no_host_of_replies(question: &Question, evidence: &Evidence) -> Vec<String> {
    let idle = question.replies.iter().filter(|own| !evidence.hops.iter().any(|hop| own.is_for(hop)));
    let note = |own: &OwnReply| {
        let host = own.host.as_deref().unwrap_or_default();
        format!("[[reply]] '{}' is for {host}, which is none of the hosts that were asked", own.pattern)
    };
    // Without a host it is for every one that there is.
    idle.filter(|own| own.host.is_some()).map(note).collect()
}

/// Runs a check so that its panic is its own.
pub fn run_check(check: &'static Check, case: &Case) -> Result<Notes, String> {
    let mut notes = Notes::new(check);
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| (check.judge)(case, &mut notes)));
    match outcome {
        Ok(()) => Ok(notes),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            Err(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".into()))
        }
    }
}

/// The journal of this run: the one that was named, or one beside the report where there is much to ask, or one there.
fn journal(
    settings: &Settings,
    question: &Question,
    files: &[List],
    tell: &dyn Fn(Word),
) -> Result<Option<Journal>, Failure> {
    let listed = files.iter().filter_map(|list| list.addresses.known()).map(Vec::len).sum::<usize>();
    let many = listed.min(question.max_recipients) > LONG;
    let path = match &settings.journal {
        JournalSettings::Named(path) => path,
        JournalSettings::Beside(path) if many || question.pace == "own" || path.exists() => path,
        JournalSettings::Beside(_) => return Ok(None),
        JournalSettings::Nowhere => {
            if many {
                tell(Word::Note(
                    "no journal is kept; with -o FILE or --journal FILE, an interrupted run can be gone on with",
                ));
            }
            return Ok(None);
        }
    };
    let mut journal = Journal::open(path, question, files).map_err(Failure::Usage)?;
    journal.hide(settings.secrets.clone());
    if let Some(note) = &journal.note {
        tell(Word::Note(note));
    }
    Ok(Some(journal))
}

/// The roots that TLS rests on.
///
/// # Errors
/// In words, with the file that cannot be used.
pub fn trust(settings: &Settings) -> Result<TlsTrust, String> {
    let pem = |path: &std::path::PathBuf| {
        let name = path.display().to_string();
        std::fs::read(path).map(|pem| (name.clone(), pem)).map_err(|error| format!("{name}: {error}"))
    };
    TlsTrust::new(&settings.ca_files.iter().map(pem).collect::<Result<Vec<_>, _>>()?)
}

/// The DNS servers to ask: those that were named, else the system's.
pub fn servers(settings: &Settings) -> Vec<SocketAddr> {
    match settings.resolvers.is_empty() {
        false => settings.resolvers.clone(),
        // Without servers every look-up is a miss that says so.
        true => dns::system_servers().unwrap_or_default(),
    }
}

struct Collector<'a> {
    resolver: Resolver,
    prober: Prober<'a>,
    /// What there is too much of to visit all.
    beyond: RefCell<Vec<Beyond>>,
}

impl<'a> Collector<'a> {
    fn new(
        settings: &Settings,
        began: Instant,
        journal: Option<Journal>,
        tell: &'a dyn Fn(Word),
    ) -> Result<Self, Failure> {
        let question = &settings.question;
        let step = Duration::from_secs(question.timeout_s);
        let deadline = began + Duration::from_secs(question.deadline_s);
        let trust = trust(settings).map_err(Failure::Usage)?;
        let pace = Pace::named(&question.pace);
        let manners = Manners {
            ehlo: question.ehlo.clone(),
            mail_from: question.mail_from.clone(),
            step,
            deadline,
            pause: pace.pause,
            use_tls: true,
            window: pace.window,
            stop: settings.stop.clone(),
        };
        let (estimates, cut) = Default::default();
        let prober = Prober { trust, manners, pace, journal, tell, estimates, cut };
        Ok(Self { resolver: Resolver::new(servers(settings), step, deadline), prober, beyond: RefCell::default() })
    }

    async fn collect(&self, settings: &Settings, question: &Question, files: Vec<List>) -> Result<Evidence, Failure> {
        let listed: BTreeSet<&String> = files.iter().filter_map(|list| list.addresses.known()).flatten().collect();
        let recipients: Vec<String> =
            listed.into_iter().chain(&question.known_good).chain(&question.traced).cloned().collect();
        let recipients: Vec<String> = BTreeSet::from_iter(recipients).into_iter().collect();

        (self.prober.tell)(Word::Step("asking DNS, the directories and the mail hosts"));
        let named: Vec<(Role, &String, &String)> = question
            .systems
            .iter()
            .flat_map(|system| {
                let role = if system.kind == SystemKind::Other { Role::Other } else { Role::Exchange };
                system.smtp.iter().map(move |host| (role, &system.name, host))
            })
            .collect();
        let (tellers, listeners): (Vec<_>, Vec<_>) = settings.directories.iter().map(|_| catalog::pair()).unzip();
        // A global catalog answers when it does: of one domain's forest, what is asked next does not depend on it.
        let catalogs = listeners.into_iter().map(|listener| self.catalog(listener, question, &recipients));
        let catalogs = join_all(catalogs).shared();
        let heard = async {
            let directories = self.directories(settings, question, &recipients, tellers);
            let gateways = self.or_stop(self.gateways(question), Vec::new);
            let own =
                named.iter().map(|(role, system, host)| self.named_hops(*role, Some(system), host, question.smtp_port));
            let own = self.or_stop(join_all(own), Vec::new);
            let (mut directories, gateways, own) = tokio::join!(directories, gateways, own);
            let mut room = HOPS;
            // What the user named comes first.
            let own = self.within(&mut room, "the systems' own hosts", own);
            let gateways = self.within(&mut room, "the gateways", gateways);
            // Whom other domains of a forest hold, the catalog alone tells.
            let several = directories.iter().any(|one| one.roster_incomplete.as_ref().is_some_and(is_elsewhere));
            if several {
                complete(settings, &mut directories, self.or_stop(catalogs.clone(), Vec::new).await);
            }
            let mut evidence = Evidence { directories, files, hops: own.clone(), ..Evidence::default() };
            let smart_hosts = self.or_stop(self.smart_hosts(question, &mut evidence), Vec::new).await;
            let other = named.iter().any(|(role, ..)| *role == Role::Other);
            let smart_hosts = if other { vec![] } else { self.within(&mut room, "the smart hosts", smart_hosts) };
            // Whom to ask is chosen once, when all sources have spoken: the same people at every hop.
            let choice = Choice::of(question, &evidence);
            evidence.hops = gateways.into_iter().chain(own).chain(smart_hosts).collect();
            let sessions = evidence.hops.iter().map(|hop| {
                let good: Vec<String> = good_at(question, &evidence, hop).into_iter().map(String::from).collect();
                let choice = &choice;
                async move {
                    let mut heard = self.prober.probe(hop, question, &good, choice).await;
                    heard.extend(self.prober.ask_as_sister(hop, question, choice, &heard).await);
                    heard
                }
            });
            evidence.smtp = join_all(sessions).await.into_iter().flatten().collect();
            (evidence, several)
        };
        // What DNS tells senders takes fewer round trips than the directory and a hop, and holds nothing up.
        let promises = promises::ask(&self.resolver, &self.prober.trust, question, self.prober.manners.deadline);
        let promises = self.or_stop(promises, Default::default);
        let ((mut evidence, completed), (mx_views, sts_policy), catalogs) =
            tokio::join!(heard, promises, catalogs.clone());
        if !completed {
            complete(settings, &mut evidence.directories, catalogs);
        }
        (evidence.mx_views, evidence.sts_policy) = (mx_views, sts_policy);
        evidence.beyond = self.beyond.take();
        evidence.dns = self.resolver.lookups();
        Ok(evidence)
    }

    /// Does it to its end, or until the user wants to stop.
    async fn or_stop<T>(&self, doing: impl Future<Output = T>, otherwise: impl FnOnce() -> T) -> T {
        tokio::select! {
            biased;
            done = doing => done,
            () = self.prober.manners.stop.raised() => {
                self.prober.cut.set(true);
                otherwise()
            }
        }
    }

    /// All directories, over LDAP and from exports; whom one names is looked up in every other.
    async fn directories(
        &self,
        settings: &Settings,
        question: &Question,
        recipients: &[String],
        tellers: Vec<Teller>,
    ) -> Vec<Directory> {
        let (asked, exported) = (&settings.directories, &settings.exports);
        let mut rosters = Rosters::of(asked.len() + exported.len());
        let of_exports = rosters.split_off(asked.len());
        let asked = asked.iter().zip(tellers).zip(rosters).map(|((one, teller), rosters)| async move {
            self.directory(one, question, recipients, &rosters, teller).await
        });
        let exported = exported.iter().zip(of_exports).map(|(one, rosters)| async move {
            let directory = self.exports(one, question, recipients).await;
            rosters.post(directory.roster.known());
            directory
        });
        let (asked, exported) = tokio::join!(join_all(asked), join_all(exported));
        let mut all = in_order(question, asked, exported);
        let named = all.iter().filter_map(|one| one.roster.known()).flatten();
        let named: BTreeSet<String> = named.chain(recipients).cloned().collect();
        for directory in all.iter_mut().filter(|one| one.origin == Origin::Export) {
            exports::complete(directory, &named);
        }
        all
    }

    async fn directory(
        &self,
        one: &DirectorySettings,
        question: &Question,
        recipients: &[String],
        rosters: &Rosters,
        teller: Teller,
    ) -> Directory {
        let urls = match (one.urls.is_empty(), one.user.as_deref()) {
            (false, _) => one.urls.clone(),
            // Where nobody named a server, the account's own domain, then the shared one, may be an AD domain.
            (true, user) => {
                let of_user = user.and_then(|user| user.rsplit_once('@')).map(|(_, domain)| domain);
                let mut urls = Vec::new();
                for domain in of_user.into_iter().chain([&*question.domain]) {
                    if urls.is_empty() {
                        urls = discovery::controllers(&self.resolver, domain, one.site.as_deref()).await;
                    }
                }
                urls
            }
        };
        let access = Access {
            system: one.system.clone(),
            urls,
            catalog: one.catalog.clone(),
            kerberos: one.kerberos,
            user: one.user.clone(),
            password: one.password.clone(),
            plaintext: one.plaintext,
            tls: self.prober.trust.strict(),
        };
        let manners = &self.prober.manners;
        let wanted = wanted(question, recipients);
        let reading = directory::read(access, &self.resolver, wanted, manners.step, manners.deadline, rosters, teller);
        let interrupted = || {
            let miss = Miss::new(How::Deadline, "the run was interrupted");
            let (bind, organisation) = (Observed::Unknown(miss.clone()), Observed::Unknown(miss));
            Directory { system: one.system.clone(), bind, organisation, ..Directory::default() }
        };
        self.or_stop(reading, interrupted).await
    }

    /// What the global catalog of a directory's forest says.
    async fn catalog(&self, listener: Listener, question: &Question, recipients: &[String]) -> Catalog {
        let manners = &self.prober.manners;
        let wanted = wanted(question, recipients);
        let asking = catalog::ask(listener, &self.resolver, wanted, manners.step, manners.deadline);
        self.or_stop(asking, Catalog::default).await
    }

    /// Reads a system's exports, beside what the network does.
    async fn exports(&self, one: &ExportSettings, question: &Question, recipients: &[String]) -> Directory {
        let (one, domain, recipients) = (one.clone(), question.domain.clone(), recipients.to_vec());
        let (known_good, roster) = (question.known_good.is_empty(), roster(question));
        let deadline = self.prober.manners.deadline.into_std();
        let system = one.system.clone();
        let read = tokio::task::spawn_blocking(move || {
            let wanted = Wanted { domain: &domain, addresses: &recipients, known_good, roster };
            exports::read(&one.system, &one.paths, wanted, Some(deadline))
        });
        read.await.unwrap_or_else(|_| {
            // A fault of ours in a reader is a miss like any other, and takes nothing else with it.
            let miss = Miss::new(How::Unreadable, "the reader of exports failed in itself");
            Directory { system, origin: Origin::Export, organisation: Observed::Unknown(miss), ..Directory::default() }
        })
    }
}

/// Whether other domains of the forest were not searched.
fn is_elsewhere(miss: &Miss) -> bool {
    miss.how == How::Referral
}

/// Writes down what the global catalogs said, each beside its own directory.
fn complete(settings: &Settings, directories: &mut [Directory], catalogs: Vec<Catalog>) {
    for (one, catalog) in settings.directories.iter().zip(catalogs) {
        let own = |each: &&mut Directory| each.system == one.system && each.origin == Origin::Ldap;
        if let Some(directory) = directories.iter_mut().find(own) {
            catalog.complete(directory);
        }
    }
}

/// Reads the lists, beside each other in the order of the configuration.
fn read_lists(settings: &Settings, notes: &mut Vec<String>) -> Result<Vec<List>, Failure> {
    let question = &settings.question;
    let mut files: Vec<List> = settings.lists.iter().map(|(system, path)| read_list(settings, system, path)).collect();
    if !settings.recipients.is_empty() {
        let system = question.systems_of(SystemKind::Other).next().map_or("other", |system| &system.name);
        files.push(lists::from_flags(&settings.recipients, system, &question.domain).map_err(Failure::Usage)?);
    }
    for list in &files {
        notes.extend(read_note(list, &question.domain));
        notes.extend(
            lists::not_taken_in_words(list, &question.domain)
                .into_iter()
                .map(|said| format!("{}: {said}", list.source)),
        );
    }
    Ok(files)
}

/// The note of what was read of a list, of those that a run gives.
pub fn read_note(list: &List, domain: &str) -> Option<String> {
    lists::read_in_words(list, domain).map(|said| format!("{}: {said}", list.source))
}

fn read_list(settings: &Settings, system: &str, path: &Path) -> List {
    let list_domain = settings.list_domains.get(system).map(String::as_str);
    lists::read(path, system, &settings.question.domain, list_domain)
}

/// How many files that cannot be used are named.
const UNUSABLE: usize = 10;

/// The lists and exports that cannot be used, each with the reason: where another source says the same, nobody else would
/// tell.
fn unusable(evidence: &Evidence) -> Vec<String> {
    let lists = evidence.files.iter().filter_map(|list| list.addresses.miss());
    let exports = evidence.directories.iter().flat_map(|directory| &directory.exports);
    let all: Vec<&Miss> = lists.chain(exports.filter_map(|file| file.objects.miss())).collect();
    let mut told: Vec<String> = all.iter().take(UNUSABLE).map(|miss| miss.said.clone()).collect();
    if all.len() > UNUSABLE {
        told.push(format!("and {} more files that cannot be used", all.len() - UNUSABLE));
    }
    told
}

/// The directories by system, each over LDAP before its exports. A control found over LDAP is the system's.
fn in_order(question: &Question, asked: Vec<Directory>, exported: Vec<Directory>) -> Vec<Directory> {
    let mut all: Vec<Directory> = asked.into_iter().chain(exported).collect();
    all.sort_by_key(|one| question.systems.iter().position(|system| system.name == one.system));
    for at in 1..all.len() {
        let known = all[at - 1].known_good.known().is_some_and(Option::is_some);
        if all[at - 1].system == all[at].system && known {
            all[at].known_good = Observed::NotAsked;
        }
    }
    all
}

/// What directories are asked.
fn wanted<'a>(question: &'a Question, recipients: &'a [String]) -> Wanted<'a> {
    let known_good = question.known_good.is_empty();
    Wanted { domain: &question.domain, addresses: recipients, known_good, roster: roster(question) }
}

/// Whom directories are to name: everybody where everybody is to be asked for, or compared with another directory.
fn roster(question: &Question) -> Roster {
    let several = question.systems.iter().filter(|system| system.kind != SystemKind::Other).count() > 1;
    match (question.pace == "own", several) {
        (true, _) => Roster::Everybody(ALL),
        (false, true) => Roster::Everybody(COMPARED),
        (false, false) => Roster::Sample,
    }
}

/// Whether the deadline cut nothing short.
fn is_complete(evidence: &Evidence) -> bool {
    let late = |miss: Option<&Miss>| miss.is_some_and(|miss| miss.how == How::Deadline);
    let heard: BTreeSet<&str> = evidence.smtp.iter().map(|session| &*session.hop).collect();
    let unheard = |hop: &Hop| hop.address.is_some() && !heard.contains(&*hop.id);
    !(evidence.dns.iter().any(|lookup| late(lookup.answer.miss()))
        || evidence.smtp.iter().any(|session| late(session.broke_off.as_ref()))
        || evidence.hops.iter().any(unheard)
        || evidence.directories.iter().any(|one| {
            late(one.bind.miss())
                || late(one.organisation.miss())
                || one.servers.iter().any(|server| late(server.outcome.miss()))
                || one.lookups.iter().any(|lookup| late(lookup.entries.miss()))
                || late(one.catalog.miss())
                || late(one.noteworthy.miss())
                || one.exports.iter().any(|file| late(file.objects.miss()))
        }))
}

/// What a run would ask of whom, for `--plan`. Nothing is touched.
pub fn plan(settings: &Settings) -> String {
    let question = &settings.question;
    let domain = &question.domain;
    let mut lines = vec![format!("nsdiag check {domain} would ask:")];
    let servers = match settings.resolvers.is_empty() {
        true => "the servers of /etc/resolv.conf".into(),
        false => question.resolvers.join(", "),
    };
    lines.push(format!("DNS         {servers}: MX of {domain}, their addresses and those of every host below"));
    lines.push(
        "            its MX records by every resolver and by the zone's own servers too; SPF, TLSA and MTA-STS,".into(),
    );
    lines.push(format!("            the policy by HTTPS from mta-sts.{domain} where DNS announces one"));
    for one in &settings.directories {
        let urls = match one.urls.is_empty() {
            true => "the servers that DNS SRV names".into(),
            false => one.urls.join(", then "),
        };
        let user = match one.kerberos {
            true => "whoever the Kerberos ticket is for",
            false => one.user.as_deref().unwrap_or("nobody"),
        };
        let what = "the Exchange organisation, and each recipient below";
        lines.push(format!("directory   {urls}, as {user}: {what} ({})", one.system));
        let catalog =
            one.catalog.as_deref().unwrap_or("the global catalog at the same host, else one that DNS SRV names");
        lines.push(format!("            {catalog}: the recipients in the whole forest"));
    }
    for one in &settings.exports {
        let paths: Vec<String> = one.paths.iter().map(|path| path.display().to_string()).collect();
        lines.push(format!("export      {} ({})", paths.join(", "), one.system));
    }
    let gateways = match question.gateways.is_empty() {
        true => format!("every MX host of {domain}, at every address"),
        false => question.gateways.join(", "),
    };
    lines.push(format!("SMTP        gateway: {gateways}"));
    for system in &question.systems {
        let hosts = match (system.smtp.is_empty(), system.kind) {
            (false, _) => system.smtp.join(", "),
            (true, SystemKind::Other) => "the smart hosts of the send connector that wins for the domain".into(),
            (true, _) => "not asked".into(),
        };
        lines.push(format!("SMTP        {}: {hosts}", system.name));
    }
    lines.push(format!(
        "            EHLO {}, STARTTLS where offered, MAIL FROM:<{}>, RCPT, RSET, QUIT; never DATA",
        question.ehlo, question.mail_from
    ));
    lines.push(format!("            {}", Pace::named(&question.pace).in_words(&question.pace)));
    let lists: Vec<List> = settings.lists.iter().map(|(system, path)| read_list(settings, system, path)).collect();
    for list in &lists {
        lines.push(format!("list        {} (mailboxes of {})", list.source, list.system));
        let unread = list.addresses.miss().map(|miss| format!("it cannot be read: {}", miss.said));
        let said =
            lists::read_in_words(list, domain).into_iter().chain(lists::not_taken_in_words(list, domain)).chain(unread);
        lines.extend(said.map(|said| format!("            {said}")));
    }
    let good = match question.known_good.is_empty() {
        true => "a mailbox that the directory offers, else postmaster".into(),
        false => question.known_good.join(", "),
    };
    let most = match question.max_recipients {
        ALL => "all of them".into(),
        most => format!("up to {most}"),
    };
    lines.push(format!("recipients  {most} at one host; known-good: {good}; and one or two random addresses"));
    for own in &question.replies {
        let host = own.host.as_ref().map(|host| format!(" at {host}")).unwrap_or_default();
        lines.push(format!("replies     '{}'{host} is read as {}", own.pattern, named(own.meaning)));
    }
    let listed = lists.iter().filter_map(|list| list.addresses.known()).flatten();
    let listed: BTreeSet<&String> = listed.chain(&settings.recipients).collect();
    let (sessions, seconds) = probing::expected(&question.pace, listed.len().min(question.max_recipients));
    let listed = if listed.len() == 1 { "1 address".into() } else { format!("{} addresses", listed.len()) };
    lines.push(format!(
        "            {listed} listed: about {} with one host, in {seconds} s or more",
        count(sessions, "session")
    ));
    match &settings.journal {
        JournalSettings::Named(path) => lines.push(format!("journal     {}", path.display())),
        JournalSettings::Beside(path) if question.pace == "own" => {
            lines.push(format!("journal     {}", path.display()));
        }
        _ => {}
    }
    if let Some(mail) = &settings.mail {
        let to: Vec<&str> = mail.to.iter().map(AsRef::as_ref).collect();
        let when = if mail.always { "after every run" } else { "when the verdict or a finding changed" };
        lines.push(format!("mail        the report, {when}, from {} to {}", mail.from, to.join(", ")));
        lines.push(format!("            through {}", mail.smart_host));
    }
    lines.push(format!("time        {} s a step, {} s in all", question.timeout_s, question.deadline_s));
    lines.push(String::new());
    lines.join("\n")
}
