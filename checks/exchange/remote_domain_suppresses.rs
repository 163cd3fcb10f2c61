//! NSD329: a remote domain keeps bounces or forwarded mail from going out.
use super::all;
use crate::evidence::address;
use crate::evidence::transport::RemoteDomain;
use crate::model::OrganisationView;
use crate::model::route::fixes;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD329",
    name: "remote-domain-suppresses",
    title: "a remote domain keeps bounces or forwarded mail from going out",
    severity: Severity::Warning,
    why: "A remote domain says which automatic messages go to a domain outside, * to all (Microsoft, Set-RemoteDomain). With \
          NDREnabled off nobody outside learns of mail that Exchange could not deliver. With AutoForwardEnabled off what a \
          mailbox forwards there is dropped, without a word to anybody.",
    fix: "Allow them for the domains that need them.",
    sources: &["https://learn.microsoft.com/powershell/module/exchangepowershell/set-remotedomain"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for organisation in all(case, notes) {
        let Some((pointer, remote)) = notes.need(organisation.remote_domains()) else { continue };
        if let Some((at, one)) = closest(remote, "*").filter(|(_, one)| !one.reports) {
            let said = format!(
                "{} sends no non-delivery report to the outside (remote domain '{}'): whoever writes to an address that \
                 bounces there never learns of it",
                organisation.system, one.name
            );
            let finding = notes.finding(said);
            finding.severity(Severity::Info).seen(format!("{pointer}/{at}/reports"));
            finding.about(SubjectKind::System, organisation.system);
            finding.mend(switch(one, "NDREnabled", "Send non-delivery reports"));
        }
        dropped(case, notes, organisation, &pointer, remote);
    }
}

/// Whose mail is forwarded to where nothing that is forwarded goes.
fn dropped(case: &Case, notes: &mut Notes, organisation: &OrganisationView, pointer: &str, remote: &[RemoteDomain]) {
    let mut by: Vec<Vec<(&str, String)>> = vec![vec![]; remote.len()];
    let own = case.model.objects().iter().filter(|object| object.system == organisation.system);
    for object in own.filter(|object| object.is_in(organisation.domain)) {
        let Some(to) = object.entry.value("msExchGenericForwardingAddress").and_then(|to| address::fold(to).ok())
        else {
            continue;
        };
        // An object's own way, and a forward to an object, come before it.
        if object.target().is_some() || object.entry.value("altRecipient").is_some() {
            continue;
        }
        let domain = address::domain(&to);
        // What is accepted is no remote domain.
        match organisation.accepting(domain) {
            Ok(None) => {}
            Ok(Some(_)) => continue,
            Err(gap) => return notes.gap(gap),
        }
        if let Some((at, _)) = closest(remote, domain).filter(|(_, one)| !one.forwards)
            && let Some(address) = object.addresses().iter().find(|one| address::domain(one) == organisation.domain)
        {
            by[at].push((&*object.pointer, format!("{address} to {domain}")));
        }
    }
    for (at, (one, whom)) in remote.iter().zip(&by).enumerate().filter(|(_, (_, whom))| !whom.is_empty()) {
        let said: Vec<&String> = whom.iter().map(|(_, said)| said).collect();
        let finding = notes.finding(format!(
            "{} forwards {}, and the remote domain '{}' drops what is forwarded",
            organisation.system,
            listed(&said, 4),
            one.name
        ));
        finding.certainty(Certainty::Likely).seen(format!("{pointer}/{at}/forwards"));
        finding.seen_all(whom.iter().take(SUBJECTS).map(|(pointer, _)| (*pointer).to_string()));
        for (_, said) in whom.iter().take(SUBJECTS) {
            finding.about(SubjectKind::Recipient, said.split(' ').next().unwrap_or_default());
        }
        finding.mend(switch(one, "AutoForwardEnabled", "Let forwarded mail go there"));
    }
}

/// The most recipients that one finding is about; its detail counts the others.
const SUBJECTS: usize = 20;

/// The remote domain that counts for `domain`: its own, else the closest that it lies below, else that for all.
fn closest<'a>(all: &'a [RemoteDomain], domain: &str) -> Option<(usize, &'a RemoteDomain)> {
    all.iter()
        .enumerate()
        .filter_map(|found| Some((fixes(&found.1.domain, domain)?, found)))
        .max_by_key(|(own, _)| *own)
        .map(|(_, found)| found)
}

fn switch(one: &RemoteDomain, parameter: &'static str, title: &str) -> Remedy {
    let set = |on| Cmdlet::new("Set-RemoteDomain").with("Identity", &one.name).bool(parameter, on);
    let on = set(true).remark("it holds for all mail to that remote domain; where it is off on purpose, leave it");
    Remedy::exchange(title, vec![on], vec![set(false)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::World;

    fn remote(domain: &str, reports: bool, forwards: bool) -> RemoteDomain {
        RemoteDomain { name: domain.into(), domain: domain.into(), reports, forwards, changed: None }
    }

    fn told(all: Vec<RemoteDomain>, object: &str) -> Vec<String> {
        let mut world = World::healthy();
        world.organisation().remote_domains = Observed::Known(all);
        world.directory("helpdesk@contoso.com", object);
        world.lines(&CHECK)
    }

    #[test]
    fn bounces_that_nobody_gets_are_told() {
        let found = "info proven: corp sends no non-delivery report to the outside (remote domain '*'): whoever writes to an \
                     address that bounces there never learns of it [corp]";
        let mailbox = "user homeMDB=DB1";
        assert_eq!(told(vec![remote("*", false, true)], mailbox), [found]);
        assert_eq!(told(vec![remote("*", true, false)], mailbox), [""; 0]);
        let partner = vec![remote("*", true, true), remote("fabrikam.com", false, false)];
        assert_eq!(told(partner, mailbox), [""; 0], "one partner is not the outside");
        assert_eq!(told(vec![], mailbox), [""; 0]);
        assert_eq!(World::healthy().lines(&CHECK), ["not asked: the remote domains of corp"]);
    }

    #[test]
    fn the_closest_remote_domain_decides_what_becomes_of_forwarded_mail() {
        let to = |to: &str| format!("user homeMDB=DB1 msExchGenericForwardingAddress=smtp:{to}");
        let found = |to: &str, by: &str| {
            vec![format!(
                "warning likely: corp forwards helpdesk@contoso.com to {to}, and the remote domain '{by}' drops what is \
                 forwarded [helpdesk@contoso.com]"
            )]
        };
        let (open, shut) = (|domain| remote(domain, true, true), |domain| remote(domain, true, false));
        let fabrikam = || to("eva@mail.fabrikam.com");
        let cases: Vec<(Vec<RemoteDomain>, String, Vec<String>)> = vec![
            (vec![shut("*")], fabrikam(), found("mail.fabrikam.com", "*")),
            (vec![shut("*"), open("*.fabrikam.com")], fabrikam(), vec![]),
            (vec![open("*"), shut("*.fabrikam.com")], fabrikam(), found("mail.fabrikam.com", "*.fabrikam.com")),
            (vec![shut("*.fabrikam.com"), open("mail.fabrikam.com")], fabrikam(), vec![]),
            (vec![open("*"), shut("fabrikam.com")], fabrikam(), vec![]),
            (vec![open("*"), shut("*.brikam.com")], fabrikam(), vec![]),
            (vec![shut("*")], to("eva@contoso.com"), vec![]),
            (vec![shut("*")], "user homeMDB=DB1".into(), vec![]),
            (vec![shut("*")], format!("{} altRecipient=CN=Ann", fabrikam()), vec![]),
        ];
        for (remote, object, expected) in cases {
            assert_eq!(told(remote, &object), expected, "{object}");
        }
    }
}
