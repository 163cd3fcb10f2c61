//! NSD331: the directory answers, and does not show Exchange's configuration (F-52).
use super::all;
use crate::evidence::directory::Origin;
use crate::model::OrganisationView;
use crate::model::parts::parts;
use crate::prelude::*;
use crate::remedy::{Program, Shell};

pub(super) const CHECK: Check = Check {
    code: "NSD331",
    name: "exchange-configuration-unreadable",
    title: "the Exchange configuration cannot be read",
    severity: Severity::Warning,
    why: "Plain users often may not read accepted domains and send connectors. Active Directory hides what one may not \
          read without a word; an organisation always has an accepted domain, so seeing none means no right.",
    fix: "Grant the account read access to the organisation container and what is below it: \
          dsacls \"CN=<organisation>,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=…\" /I:T /G \"CONTOSO\\nsdiag:GR\". \
          Or let a member of View-Only Organization Management export it: that role is one of Exchange's cmdlets, and nowhere \
          is it written that it reads over LDAP too.",
    sources: &[
        "https://learn.microsoft.com/exchange/exchange-2013-deployment-permissions-reference-exchange-2013-help",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        if organisation.directories.is_empty() {
            let what = format!("the Exchange configuration of {}", organisation.system);
            let supply = match organisation.is_online() {
                true => "an export of the tenant ('export' in [system.directory])",
                false => "--ldap URL with --ldap-user, or --exchange-export PATH",
            };
            notes.gap(Gap::not_asked(what, supply));
        }
        useless(case, organisation, notes);
        for &(at, directory) in &organisation.directories {
            match directory.origin {
                Origin::Export => exports(organisation, at, directory, notes),
                // Where there was no bind, NSD332 and NSD333 speak.
                Origin::Ldap if directory.bind.known().is_some() => rights(organisation, at, directory, notes),
                Origin::Ldap => {
                    let what = format!("the Exchange configuration of {}", organisation.system);
                    let dead = directory.servers.iter().find_map(|server| server.outcome.miss());
                    let supply = "--ldap URL with --ldap-user, or --exchange-export PATH";
                    notes.gap(match directory.organisation.miss().or(directory.bind.miss()).or(dead) {
                        Some(miss) => Gap::unanswered(what, miss.said.clone(), supply),
                        None => Gap::not_asked(what, supply),
                    });
                }
            }
        }
    }
}

/// The exports that were named and gave nothing at all: whoever named them wants an answer from them.
fn useless(case: &Case, organisation: &OrganisationView, notes: &mut Notes) {
    let system = case.question.systems.iter().find(|system| system.name == organisation.system);
    for named in system.map_or(&[][..], |system| &system.exports) {
        let inside = |path: &str| match path.strip_prefix(named.trim_end_matches(['/', '\\'])) {
            Some(rest) => rest.is_empty() || rest.starts_with(['/', '\\']),
            None => path == named,
        };
        let all = organisation.directories.iter().flat_map(|(_, directory)| &directory.exports);
        let of_it: Vec<_> = all.filter(|file| inside(&file.path)).collect();
        let Some(miss) = of_it.iter().find_map(|file| file.objects.miss()) else { continue };
        if of_it.iter().all(|file| file.objects.known().is_none()) {
            let what = format!("what the export {named} of {} holds", organisation.system);
            notes.gap(Gap::unanswered(
                what,
                miss.said.clone(),
                "an export that the script of 'nsdiag explain NSD331' writes",
            ));
        }
    }
}

/// What the account may not read and no other source tells.
fn rights(organisation: &OrganisationView, at: usize, directory: &Directory, notes: &mut Notes) {
    let system = organisation.system;
    let known = |name: &str| {
        let all = organisation.directories.iter().filter_map(|(_, other)| other.organisation.known());
        all.flat_map(parts).any(|part| part.name == name && part.known)
    };
    let mut hidden = Vec::new();
    match &directory.organisation {
        Observed::Unknown(miss) => {
            hidden.push(("the Exchange organisation", "organisation".into(), "Get-AcceptedDomain and the rest", miss));
        }
        Observed::Known(found) => hidden.extend(parts(found).into_iter().filter_map(|part| {
            let miss = part.miss.filter(|_| !known(part.name))?;
            Some((part.name, format!("organisation/known/{}", part.field), part.cmdlet, miss))
        })),
        Observed::NotAsked => {
            let what = format!("the Exchange configuration of {system}");
            notes.gap(Gap::not_asked(what, "--only without the codes of this area, or --exchange-export PATH"));
        }
    }
    // What did not come in time is no matter of rights.
    for (name, _, cmdlet, miss) in hidden.iter().filter(|(.., miss)| !of_rights(miss.how)) {
        let supply = format!("run it again, or --exchange-export with {}", cmdlet);
        notes.gap(Gap::unanswered(format!("{name} of {system}"), miss.said.clone(), supply));
    }
    hidden.retain(|(.., miss)| of_rights(miss.how));
    let Some((.., first)) = hidden.first() else { return };
    let account = directory.bind.known().map_or("the account", String::as_str);
    let dn = directory.organisation.known().map(|found| &*found.dn).filter(|dn| !dn.is_empty());
    let dsacls = || match dn {
        Some(dn) => Program::new("dsacls").value(dn),
        None => {
            Program::new("dsacls").placeholder("the DN of the organisation below CN Microsoft Exchange, CN Services")
        }
    };
    let (mut grant, mut undo) = (dsacls().word("/I:T").word("/G"), dsacls().word("/R"));
    // It takes domain\user and user@domain (Microsoft, "Dsacls"); who binds by a DN has such a name too.
    match directory.bind.known().filter(|account| !account.contains('=')) {
        Some(account) => (grant, undo) = (grant.value(format!("{account}:GR")), undo.value(account)),
        None => (grant, undo) = (grant.placeholder("the account, then :GR"), undo.placeholder("the account")),
    }
    let names: Vec<&str> = hidden.iter().map(|(name, ..)| *name).collect();
    let cmdlets: Vec<&str> = hidden.iter().map(|(_, _, cmdlet, _)| *cmdlet).collect();
    notes
        .finding(format!("{account} cannot read {} of {system}: {}", listed(&names, 6), first.said))
        .about(SubjectKind::System, system)
        .seen_all(hidden.iter().map(|(_, path, ..)| format!("/evidence/directories/{at}/{path}")))
        .mend(Remedy::programs(
            "directory",
            Shell::PowerShell,
            "Grant the account read access, at a domain controller",
            vec![grant.remark(
                "its undo takes every right that the account itself has on that object, also one that it had before: see \
                 them first, with dsacls and that name alone; rights by its groups stay",
            )],
            vec![undo],
        ))
        .mend(Remedy::steps(
            "exchange",
            "Or export it, as somebody who may read it",
            vec![format!("Give --exchange-export the output of {}", listed(&cmdlets, 6))],
        ));
}

/// The export files that cannot be used, and an export without any. Those that were set aside, of another cmdlet or of
/// none, are no harm.
fn exports(organisation: &OrganisationView, at: usize, directory: &Directory, notes: &mut Notes) {
    // Where its files say why, `useless` speaks.
    if directory.organisation.known().is_none() && directory.exports.is_empty() {
        let what = format!("what the export {} of {} shows", directory.source, organisation.system);
        let why =
            directory.organisation.miss().map_or("no file of it holds an object of Exchange's", |miss| &miss.said);
        notes.gap(Gap::unanswered(what, why, "the files that Export-Clixml wrote"));
    }
    for (place, file) in directory.exports.iter().enumerate() {
        let Some(miss) = file.objects.miss().filter(|miss| miss.how != How::NotTried) else { continue };
        if miss.how == How::Deadline {
            let what = format!("an export of {}", organisation.system);
            notes.gap(Gap::unanswered(what, miss.said.clone(), "a longer --deadline"));
            continue;
        }
        notes
            .finding(format!("An export of {} cannot be used: {}", organisation.system, miss.said))
            .about(SubjectKind::File, &file.path)
            .seen(format!("/evidence/directories/{at}/exports/{place}"))
            .mend(Remedy::steps(
                "exchange",
                "Export it again",
                vec![
                    "With Export-Clixml, which loses nothing, or with the script that nsdiag explain NSD331 prints"
                        .into(),
                ],
            ));
    }
}

/// Whether a miss of this kind means that the account may not read.
fn of_rights(how: How) -> bool {
    matches!(how, How::NoRight | How::Referral | How::Protocol | How::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::directory::ExportFile;
    use crate::stories::World;

    #[test]
    fn what_is_hidden_is_named_and_a_missing_bind_is_not_its_matter() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let no_right = || Miss::new(How::NoRight, "not visible");
        world.organisation().send_connectors = Observed::Unknown(no_right());
        let part =
            "warning proven: nsdiag@corp.contoso.com cannot read the send connectors of corp: not visible [corp]";
        assert_eq!(world.lines(&CHECK), [part]);
        world.hide_configuration();
        let all = "warning proven: nsdiag@corp.contoso.com cannot read the Exchange organisation of corp: no accepted \
                   domain is visible [corp]";
        assert_eq!(world.lines(&CHECK), [all]);
        world.evidence.directories[0].bind = Observed::Unknown(Miss::new(How::WrongPassword, "wrong password"));
        let gap = "unanswered: the Exchange configuration of corp (no accepted domain is visible)";
        assert_eq!(world.lines(&CHECK), [gap], "NSD333 tells why");
    }

    #[test]
    fn an_export_that_gave_nothing_is_no_configuration() {
        let mut world = World::healthy();
        world.evidence.directories[0] = Directory {
            system: "corp".into(),
            source: "export".into(),
            origin: Origin::Export,
            ..Directory::default()
        };
        let gap = "unanswered: what the export export of corp shows (no file of it holds an object of Exchange's)";
        assert_eq!(world.lines(&CHECK), [gap]);
        world.question.systems.retain(|system| system.name != "corp");
        assert_eq!(world.lines(&CHECK), ["not asked: an Exchange system"]);
    }

    #[test]
    fn a_named_export_that_gave_nothing_leaves_a_question_open() {
        let file = |path: &str, objects| ExportFile { path: path.into(), objects, ..ExportFile::default() };
        let aside = |said: &str| Observed::Unknown(Miss::new(How::NotTried, said));
        let open = |named: &str, why: &str| vec![format!("unanswered: what the export {named} of corp holds ({why})")];
        let read = || Observed::Known(1);
        let cases = [
            ("out", vec![file("out", aside("out: the folder is empty"))], open("out", "out: the folder is empty")),
            ("out/", vec![file("out/a.txt", aside("prose"))], open("out/", "prose")),
            ("a.json", vec![file("a.json", aside("of Get-X"))], open("a.json", "of Get-X")),
            // Another's answer is none of this one's.
            ("out", vec![file("out", aside("empty")), file("output/a.json", read())], open("out", "empty")),
            // One file of a folder is enough, and one that says that there is nothing as well.
            ("out", vec![file("out/a.txt", aside("prose")), file("out/b.json", read())], vec![]),
            ("out", vec![file("out/a.json", Observed::Known(0))], vec![]),
            (
                "out",
                vec![],
                vec![
                    "unanswered: what the export  of corp shows (no file of it holds an object of Exchange's)"
                        .to_string(),
                ],
            ),
        ];
        for (named, exports, expected) in cases {
            let mut world = World::healthy();
            let corp = world.question.systems.iter_mut().find(|system| system.name == "corp");
            corp.map(|corp| corp.exports = vec![named.into()]).unwrap_or_default();
            world.evidence.directories.push(Directory {
                system: "corp".into(),
                origin: Origin::Export,
                exports,
                ..Directory::default()
            });
            assert_eq!(world.lines(&CHECK), expected, "{named}");
        }
    }

    #[test]
    fn another_source_fills_in_and_slowness_is_no_missing_right() {
        let mut world = World::healthy();
        let hidden = |how| Observed::Unknown(Miss::new(how, "no answer in 10 s"));
        world.organisation().servers = hidden(How::TimedOut);
        assert_eq!(world.lines(&CHECK), ["unanswered: the Exchange servers of corp (no answer in 10 s)"]);
        world.organisation().servers = hidden(How::NoRight);
        assert_eq!(world.lines(&CHECK).len(), 1);
        let organisation = Organisation { servers: Observed::Known(vec![]), ..Organisation::default() };
        world.evidence.directories.push(Directory {
            system: "corp".into(),
            origin: Origin::Export,
            organisation: Observed::Known(organisation),
            ..Directory::default()
        });
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let found = "warning proven: An export of corp cannot be used: export/servers.xml:3:7: it is cut off \
                     [export/servers.xml]";
        for (how, expected) in [
            (How::Unreadable, vec![found]),
            (How::NotTried, vec![]),
            (How::Deadline, vec!["unanswered: an export of corp (export/servers.xml:3:7: it is cut off)"]),
        ] {
            let objects = Observed::Unknown(Miss::new(how, "export/servers.xml:3:7: it is cut off"));
            let file = ExportFile { path: "export/servers.xml".into(), objects, ..ExportFile::default() };
            world.evidence.directories[1].exports = vec![file];
            assert_eq!(world.lines(&CHECK), expected);
        }
    }
}
