//! NSD333: the directory answers and does not take the credential (F-28).
use crate::evidence::directory::Origin;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD333",
    name: "directory-refuses-bind",
    title: "the directory refuses the bind",
    severity: Severity::Critical,
    why: "Nothing can be read without a bind. A gateway that binds with the same account, or without signing, fails alike: \
          it then puts everybody off, refuses or accepts everybody, as it was set.",
    fix: "Correct the account or its password; where the directory requires signing, use ldaps:// or StartTLS.",
    sources: &[
        "https://docs.microsoft.com/en-us/windows/device-security/security-policy-settings/domain-controller-ldap-server-signing-requirements",
    ],
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    let over_ldap = case.evidence.directories.iter().enumerate().filter(|(_, one)| one.origin == Origin::Ldap);
    if over_ldap.clone().next().is_none() {
        return notes.gap(Gap::not_asked("a bind at any directory", "--ldap URL with --ldap-user"));
    }
    for (at, directory) in over_ldap {
        if directory.bind == Observed::NotAsked {
            let what = format!("a bind at the directory of {}", directory.system);
            let supply = "--ldap URL of a server that answers, with --ldap-user";
            notes.gap(match directory.servers.iter().find_map(|server| server.outcome.miss()) {
                Some(miss) => Gap::unanswered(what, miss.said.clone(), supply),
                None => Gap::not_asked(what, supply),
            });
        }
        let Some(miss) = directory.bind.miss() else { continue };
        let (why, step) = match miss.how {
            How::WrongPassword => (
                "the account or its password is wrong",
                "Correct --ldap-user or --ldap-password-file; too many tries lock the account",
            ),
            How::SigningRequired => {
                ("it requires signing or TLS", "Name the server as ldaps:// in --ldap, or let StartTLS do its work")
            }
            How::NoRight => ("it takes no such bind", "Give --ldap-user and --ldap-password-file"),
            _ => {
                let what = format!("a bind at the directory of {}", directory.system);
                notes.gap(Gap::unanswered(what, miss.said.clone(), "--ldap-user, --ldap-password-file and ldaps://"));
                continue;
            }
        };
        notes
            .finding(format!("The directory of {} refuses the bind, {why}: {}", directory.system, miss.said))
            .about(SubjectKind::System, &directory.system)
            .seen(format!("/evidence/directories/{at}/bind"))
            .mend(Remedy::steps("here", "Bind with a credential that it takes", vec![step.into()]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::directory::Server;
    use crate::stories::World;

    #[test]
    fn the_reason_for_a_refused_bind_is_told() {
        let cases = [
            (
                How::WrongPassword,
                "critical proven: The directory of corp refuses the bind, the account or its password is wrong: rc [corp]",
            ),
            (
                How::SigningRequired,
                "critical proven: The directory of corp refuses the bind, it requires signing or TLS: rc [corp]",
            ),
            (How::Busy, "unanswered: a bind at the directory of corp (rc)"),
        ];
        for (how, expected) in cases {
            let mut world = World::healthy();
            world.evidence.directories[0].bind = Observed::Unknown(Miss::new(how, "rc"));
            assert_eq!(world.lines(&CHECK), [expected]);
        }
        assert_eq!(World::healthy().lines(&CHECK), [""; 0]);
        let mut world = World::healthy();
        let outcome = Observed::Unknown(Miss::new(How::TimedOut, "no connection within 10 s"));
        world.evidence.directories[0].bind = Observed::NotAsked;
        world.evidence.directories[0].servers = vec![Server { url: "ldaps://dc1".into(), outcome }];
        let gap = "unanswered: a bind at the directory of corp (no connection within 10 s)";
        assert_eq!(world.lines(&CHECK), [gap], "who does not answer has not taken the bind");
        world.evidence.directories[0].origin = Origin::Export;
        assert_eq!(world.lines(&CHECK), ["not asked: a bind at any directory"]);
    }
}
