//! NSD402: the gateway refuses somebody whom the directory holds (F-22, F-23, F-24).
use super::groups;
use crate::model::FaultKind;
use crate::prelude::*;
use crate::products::remedies::widen_look_up;

pub(super) const CHECK: Check = Check {
    code: "NSD402",
    name: "gateway-rejects-exchange-recipient",
    title: "the gateway refuses recipients that the directory holds",
    severity: Severity::Critical,
    why: "The directory holds the address in proxyAddresses, and the gateway refuses it: its look-up asks for `mail` alone, \
          for one kind of object, in one domain of the forest, or it keeps an old answer in its cache.",
    fix: "Have the gateway search the whole forest for (proxyAddresses=smtp:…), over users, groups, contacts and public \
          folders, and flush its cache.",
    judge,
};

fn judge(case: &Case, notes: &mut Notes) {
    for group in groups(case, FaultKind::GatewayRejectsExchange) {
        let kinds: Vec<_> = group
            .recipients
            .iter()
            .map(|recipient| {
                let held = recipient.directories.iter().find(|held| held.state.resolves());
                format!("{} ({})", recipient.address, held.map_or("", |held| held.state.word()))
            })
            .collect();
        let reply = group.first.reply.clone().unwrap_or_default();
        let detail = format!(
            "{} refuses {}, which the directory holds in proxyAddresses: {reply}",
            listed(&group.first.hops, 4),
            listed(&kinds, 5)
        );
        let finding = group.tell(notes, detail);
        for remedy in widen_look_up(case, &group.first.hops) {
            finding.mend(remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World};

    #[test]
    fn the_object_makes_the_difference_to_nsd401() {
        let mut world = World::healthy();
        assert_eq!(world.lines(&CHECK), [""; 0]);
        let unknown = "550 5.1.1 User unknown in relay recipient table";
        world.rcpt(GATEWAY, "orders@contoso.com", unknown);
        assert_eq!(world.lines(&CHECK), [""; 0], "absent from the directory");
        world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@zimbra.contoso.com");
        let found = format!(
            "critical proven: mx1.contoso.com (192.0.2.25) refuses orders@contoso.com (a mail contact), which the directory \
             holds in proxyAddresses: {unknown} [orders@contoso.com]"
        );
        assert_eq!(world.lines(&CHECK), [found]);
        world.directory("orders@contoso.com", "contact mail=orders@contoso.com");
        assert_eq!(world.lines(&CHECK), [""; 0], "mail alone does not resolve");
        world.directory("orders@contoso.com", "UNKNOWN");
        assert_eq!(world.lines(&CHECK), [""; 0]);
    }
}
