//! NSD331: the directory answers, and does not show Exchange's configuration (F-52).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD331",
    name: "exchange-configuration-unreadable",
    title: "the Exchange configuration cannot be read",
    severity: Severity::Warning,
    why: "Plain users often may not read accepted domains and send connectors. Active Directory hides what one may not \
          read without a word; an organisation always has an accepted domain, so seeing none means no right.",
    fix: "Grant the account read access to the organisation container and what is below it: \
          dsacls \"CN=<organisation>,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=…\" /I:T /G \"CONTOSO\\nsdiag:GR\". \
          Or run nsdiag with an account of the View-Only Organization Management group.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in &case.model.organisations {
        let system = organisation.system;
        let Some((at, directory)) = organisation.directory else {
            let what = format!("the Exchange configuration of {system}");
            notes.gap(Gap::not_asked(what, "--ldap URL with --ldap-user"));
            continue;
        };
        // Where there was no bind, NSD332 and NSD333 speak.
        if directory.bind.known().is_none() {
            continue;
        }
        let mut hidden = Vec::new();
        match &directory.organisation {
            Observed::Unknown(miss) => hidden.push(("the Exchange organisation", miss, "organisation")),
            Observed::Known(found) => {
                let parts = [
                    ("the accepted domains", found.accepted_domains.miss(), "organisation/known/accepted_domains"),
                    ("the send connectors", found.send_connectors.miss(), "organisation/known/send_connectors"),
                ];
                hidden.extend(parts.into_iter().filter_map(|(what, miss, path)| Some((what, miss?, path))));
            }
            Observed::NotAsked => {}
        }
        let account = directory.bind.known().map_or("the account", String::as_str);
        let dn = directory.organisation.known().map(|found| &*found.dn).filter(|dn| !dn.is_empty());
        let dn = dn.unwrap_or("CN=<organisation>,CN=Microsoft Exchange,CN=Services,<configuration naming context>");
        let Some((_, first, _)) = hidden.first() else { continue };
        let names: Vec<&str> = hidden.iter().map(|(what, ..)| *what).collect();
        notes
            .finding(format!("{account} cannot read {} of {system}: {}", listed(&names, 3), first.said))
            .about(SubjectKind::System, system)
            .seen_all(hidden.iter().map(|(_, _, path)| format!("/evidence/directories/{at}/{path}")))
            .mend(Remedy {
                title: "Grant the account read access, at a domain controller".into(),
                place: "directory".into(),
                shell: Some("powershell".into()),
                commands: vec![format!("dsacls \"{dn}\" /I:T /G \"{account}:GR\"")],
                undo: vec![format!("dsacls \"{dn}\" /R \"{account}\"")],
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
