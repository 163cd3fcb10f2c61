//! Single ways, told by their last step.
use super::*;
use crate::evidence::exchange::DomainKind;
use crate::stories::{GATEWAY, World, connector};
use Disposition::*;

/// How `address` fares, and the last step.
fn path(world: &World, address: &str) -> (Disposition, String) {
    let case = Case::new(&world.question, &world.evidence);
    let recipient = case.model.recipients.iter().find(|one| one.address == address).unwrap();
    let found = concluded(&case.model, Asked::from_internet(recipient)).told();
    (found.disposition, found.missing.or(found.steps.last().map(|step| step.says.clone())).unwrap())
}

fn forests() -> World {
    let mut world = World::two_forests();
    world.question.known_good.push("eva@contoso.com".into());
    world.rcpt(GATEWAY, "eva@contoso.com", "250 2.1.5 Ok");
    world.directory("eva@contoso.com", "");
    world.directory_at(1, "eva@contoso.com", "user homeMDB=DB9");
    world
}

#[test]
fn the_path_goes_on_in_the_second_organisation() {
    let eva = "eva@contoso.com";
    let mut world = forests();
    assert_eq!(path(&world, eva), (Delivered, "the directory of labs holds a mailbox".into()));
    world.directory_at(1, eva, "");
    assert_eq!(path(&world, eva), (Loop, "it has been there: corp to labs to corp".into()));
    let Observed::Known(all) = &mut world.organisation_at(1).accepted_domains else { panic!() };
    all[0].kind = DomainKind::Authoritative;
    let end = "contoso.com is authoritative: unknown recipients bounce";
    assert_eq!(path(&world, eva), (RejectedByExchange, end.into()));
    world.directory_at(1, eva, "UNKNOWN");
    assert_eq!(path(&world, eva), (InsufficientInformation, "what the directory of labs holds of it".into()));
}

#[test]
fn the_gateway_says_where_the_path_begins() {
    let eva = "eva@contoso.com";
    let mut world = forests();
    world.question.delivers_to.insert("mx1.contoso.com".into(), "labs".into());
    assert_eq!(path(&world, eva), (Delivered, "the directory of labs holds a mailbox".into()));
    let helpdesk = "helpdesk@contoso.com";
    world.directory_at(1, helpdesk, "");
    assert_eq!(path(&world, helpdesk), (Delivered, "the directory of corp holds a mailbox".into()));
    let Observed::Known(all) = &mut world.organisation_at(1).send_connectors else { panic!() };
    all[0].smart_hosts = vec!["mx1.contoso.com".into()];
    assert_eq!(path(&world, helpdesk), (Loop, "it has been there: labs to labs".into()));
    world.question.delivers_to.clear();
    world.directory(eva, "contact targetAddress=SMTP:eva@labs.contoso.com");
    world.connector(|one| one.address_spaces[0].address = "*.contoso.com".into());
    assert_eq!(path(&world, eva), (Delivered, "the directory of labs holds a mailbox".into()));
}

#[test]
fn a_remote_mailbox_leads_to_the_tenant() {
    let eva = "eva@contoso.com";
    let mut world = World::hybrid();
    assert_eq!(path(&world, eva).0, Stranded, "no connector serves the routing domain");
    let mut way = connector("To the tenant", "SMTP:contoso.mail.onmicrosoft.com;1");
    way.smart_hosts.clear();
    world.connectors().push(way);
    assert_eq!(path(&world, eva), (Delivered, "the directory of cloud holds a mailbox".into()));
    world.directory(eva, "");
    let end = "contoso.com is authoritative: unknown recipients bounce";
    assert_eq!(path(&world, eva), (RejectedByExchange, end.into()));
    world.directory(eva, "user targetAddress=SMTP:eva@contoso.mail.onmicrosoft.com");
    world.directory_at(1, eva, "");
    assert_eq!(path(&world, eva).0, RejectedByExchange, "she is in neither");
}

#[test]
fn a_tenant_hands_on_what_it_does_not_know() {
    let orders = "orders@contoso.com";
    let mut world = World::online();
    assert_eq!(path(&world, orders), (Delivered, "it is on the list of zimbra".into()));
    world.outbound_connectors()[0].use_mx = true;
    assert_eq!(path(&world, orders), (Loop, "it has been there: corp to corp".into()));
    world.outbound_connectors().clear();
    let back = "it has been there: corp to corp";
    assert_eq!(path(&world, orders), (Loop, back.into()), "without a connector it takes the way of the MX");
    world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
    assert_eq!(path(&world, orders).0, RejectedByExchange);
}

#[test]
fn what_exchange_does_with_mail_for_somebody_it_knows() {
    let helpdesk = "helpdesk@contoso.com";
    let mut world = World::healthy();
    let cases = [
        ("user homeMDB=DB1", Delivered, "the directory of corp holds a mailbox"),
        // The healthy world's connector does not serve that domain.
        (
            "user homeMDB=DB1 targetAddress=SMTP:h@zimbra.contoso.com",
            Stranded,
            "no send connector serves zimbra.contoso.com: it waits in the Unreachable queue and expires ('To Zimbra' \
             serves contoso.com)",
        ),
        (
            "contact targetAddress=NOTES:helpdesk/contoso@contoso",
            LeavesTheModel,
            "it is sent on to NOTES:helpdesk/contoso@contoso, which is no SMTP address",
        ),
        ("user homeMDB=DB1 altRecipient=CN=helpdesk@contoso.com", Loop, "it is forwarded in a circle"),
        // Exchange cuts that, and delivers.
        (
            "user homeMDB=DB1 msExchGenericForwardingAddress=smtp:helpdesk@contoso.com",
            Delivered,
            "the directory of corp holds a mailbox",
        ),
        (
            "user homeMDB=DB1 msExchGenericForwardingAddress=smtp:orders@contoso.com",
            Delivered,
            "the directory of corp holds a mailbox",
        ),
    ];
    for (object, disposition, last) in cases {
        world.directory(helpdesk, object);
        assert_eq!(path(&world, helpdesk), (disposition, last.into()), "{object}");
    }
}

#[test]
fn a_catch_all_mailbox_takes_what_would_be_relayed() {
    let mut world = World::healthy();
    world.accepted(|accepted| accepted.catch_all = Some("CN=anna".into()));
    let last = "the catch-all mailbox of 'contoso.com' takes them";
    assert_eq!(path(&world, "orders@contoso.com"), (LeavesTheModel, last.into()));
    world.accepted(|accepted| accepted.kind = DomainKind::Authoritative);
    assert_eq!(path(&world, "orders@contoso.com"), (LeavesTheModel, last.into()), "authoritative too");
    assert_eq!(path(&world, "helpdesk@contoso.com").0, Delivered, "Exchange knows it");
    world.directory("orders@contoso.com", "contact targetAddress=SMTP:orders@contoso.com");
    assert_eq!(path(&world, "orders@contoso.com").0, Delivered, "Exchange knows it, and where it leads");
}

#[test]
fn a_prediction_of_an_older_report_is_still_one() {
    let old = r#"{"disposition": "stranded", "steps": [{"at": "send-connector", "says": "x"}], "systems": ["corp"]}"#;
    let read: Prediction = serde_json::from_str(old).unwrap();
    assert_eq!((read.disposition, &*read.steps[0].says, read.otherwise.len()), (Stranded, "x", 0));
    assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::from_str::<serde_json::Value>(old).unwrap());
}
