//! NSD333: the directory answers and does not take the credential (F-28).
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    code: "NSD333",
    name: "directory-refuses-bind",
    title: "the directory refuses the bind",
    severity: Severity::Critical,
    why: "Nothing can be read without a bind. A gateway that binds with the same account, or without signing, fails alike: \
          it then refuses or puts off everybody.",
    fix: "Correct the account or its password; where the directory requires signing, use ldaps:// or StartTLS.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for (at, directory) in case.evidence.directories.iter().enumerate() {
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
    }
}
