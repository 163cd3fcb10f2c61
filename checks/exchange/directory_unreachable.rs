//! NSD332: no directory server answers.
use crate::evidence::directory::Origin;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD332",
    name: "directory-unreachable",
    title: "no directory server answers",
    severity: Severity::Critical,
    why: "A gateway that asks the same directory is in the same trouble: it puts everybody off, refuses or accepts everybody, \
          as it was set (fail-open), or goes by its cache for a while. And nsdiag cannot see what the directory holds.",
    fix: "See that a domain controller runs and that nothing on the way drops the LDAP port.",
    sources: &["https://docs.fortinet.com/document/fortimail/8.0.0/cli-reference/90992"],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    // An export is no server.
    if case.evidence.directories.iter().all(|directory| directory.origin == Origin::Export) {
        return notes.gap(Gap::not_asked("any directory", "--ldap URL with --ldap-user"));
    }
    for (at, directory) in case.evidence.directories.iter().enumerate() {
        if directory.origin == Origin::Export || directory.root.known().is_some() || directory.bind.known().is_some() {
            continue;
        }
        if directory.servers.is_empty() {
            let what = format!("a directory server of {}", directory.system);
            notes.gap(match directory.root.miss().or(directory.bind.miss()) {
                Some(miss) => Gap::unanswered(what, miss.said.clone(), "--ldap URL with --ldap-user"),
                None => Gap::not_asked(what, "--ldap URL with --ldap-user"),
            });
            continue;
        }
        let dead: Vec<_> =
            directory.servers.iter().filter_map(|server| Some((server, server.outcome.miss()?))).collect();
        if dead.len() < directory.servers.len() {
            continue;
        }
        let ours = |how| matches!(how, How::Deadline | How::NotTried);
        if dead.iter().all(|(_, miss)| ours(miss.how)) {
            let why = dead.first().map_or(String::new(), |(_, miss)| miss.said.clone());
            notes.gap(Gap::unanswered(format!("the directory of {}", directory.system), why, "a longer --deadline"));
            continue;
        }
        let each: Vec<_> = dead.iter().map(|(server, miss)| format!("{}: {}", server.url, miss.said)).collect();
        let finding =
            notes.finding(format!("No directory server of {} answers ({})", directory.system, each.join("; ")));
        finding.about(SubjectKind::System, &directory.system).seen(format!("/evidence/directories/{at}/servers"));
        let tls = dead.iter().any(|(_, miss)| miss.how == How::TlsFailed);
        let step = match tls {
            true => "If its certificate comes from your own authority, name the root with --ca FILE",
            false => "See that a domain controller runs, and that no firewall drops the LDAP port",
        };
        let place = if tls { "here" } else { "directory" };
        finding.mend(Remedy::steps(place, "Have a directory server answer", vec![step.into()]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::directory::Server;
    use crate::stories::World;

    #[test]
    fn one_replica_that_answers_is_enough() {
        let mut world = World::healthy();
        let dead = |url: &str| Server {
            url: url.into(),
            outcome: Observed::Unknown(Miss::new(How::TimedOut, "no connection within 10 s")),
        };
        world.evidence.directories[0].servers = vec![dead("ldaps://dc1")];
        assert_eq!(world.lines(&CHECK), [""; 0], "the bind stands");
        world.evidence.directories[0].bind = Observed::NotAsked;
        let found =
            "critical proven: No directory server of corp answers (ldaps://dc1: no connection within 10 s) [corp]";
        assert_eq!(world.lines(&CHECK), [found]);
        world.evidence.directories[0].servers.push(Server { url: "ldaps://dc2".into(), outcome: Observed::Known(()) });
        assert_eq!(world.lines(&CHECK), [""; 0]);
        world.evidence.directories[0].origin = Origin::Export;
        assert_eq!(world.lines(&CHECK), ["not asked: any directory"], "an export is no server");
        world.evidence.directories[0].origin = Origin::Ldap;
        world.evidence.directories[0].servers.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: a directory server of corp"]);
        world.evidence.directories.clear();
        assert_eq!(world.lines(&CHECK), ["not asked: any directory"]);
    }
}
