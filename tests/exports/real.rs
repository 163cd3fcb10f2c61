//! Real exports: what each holds.
use super::{files, fixtures, read};
use nsdiag_checks::evidence::directory::Directory;
use nsdiag_checks::evidence::{How, Observed};

/// What is known of a part, as lines; what is not known, as one in brackets.
fn part<T>(part: &Observed<T>, lines: impl Fn(&T) -> Vec<String>) -> Vec<String> {
    match part {
        Observed::Known(known) => lines(known),
        Observed::Unknown(miss) => vec![format!("({:?}: {})", miss.how, miss.said)],
        Observed::NotAsked => vec![],
    }
}

/// JSON without quotes and with no more than what differs from nothing: short enough for a table.
fn plain(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap();
    let fields = value.as_object().unwrap().iter().filter(|(_, value)| !value.is_null() && **value != "not-asked");
    let short = |value: &serde_json::Value| value.to_string().replace('"', "");
    fields.map(|(name, value)| format!("{name}={}", short(value))).collect::<Vec<_>>().join(" ")
}

/// The organisation as lines, one an object.
fn organisation(directory: &Directory) -> Vec<String> {
    let all = |list: &Vec<String>| list.clone();
    let Observed::Known(found) = &directory.organisation else { return part(&directory.organisation, |_| vec![]) };
    let lists = [
        map(&found.accepted_domains),
        map(&found.send_connectors),
        map(&found.receive_connectors),
        map(&found.servers),
        map(&found.edge_subscriptions),
        map(&found.inbound_connectors),
        map(&found.outbound_connectors),
        map(&found.transport_rules),
        map(&found.remote_domains),
    ];
    let mut lines: Vec<String> = lists.iter().flat_map(|list| part(list, all)).collect();
    lines.extend(part(&found.recipient_filter, |filter| filter.iter().map(plain).collect()));
    lines.extend(part(&found.transport_config, |config| vec![plain(config)]));
    if !found.dn.is_empty() {
        lines.insert(0, found.dn.clone());
    }
    lines
}

fn map<T: serde::Serialize>(part: &Observed<Vec<T>>) -> Observed<Vec<String>> {
    match part {
        Observed::Known(all) => Observed::Known(all.iter().map(plain).collect()),
        Observed::Unknown(miss) => Observed::Unknown(miss.clone()),
        Observed::NotAsked => Observed::NotAsked,
    }
}

#[test]
fn every_real_export_is_read_right_or_refused_by_name() {
    let e19 = "CN=SoloORG,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=Solo,DC=com";
    let exlab = "CN=First Organization,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=exlab,DC=dom";
    let domain = |address_book: bool, changed: &str, domain: &str, kind: &str, name: &str| {
        format!(
            "address_book={address_book} changed={changed} domain={domain} kind={kind} match_subdomains=false name={name}"
        )
    };
    let solo = domain(true, "20211006192405.0Z", "solo.com", "authoritative", "Solo.com");
    let wild = domain(true, "20211203171547.0Z", "*.contoso.local", "authoritative", "Contoso Wild");
    let com = domain(false, "20211203222503.0Z", "*.com", "internal-relay", "Wild .com");
    let bad = domain(false, "20211203222624.0Z", "*", "external-relay", "Bad Accepted Domain");
    let online = |changed: &str, name: &str| domain(true, changed, name, "authoritative", name);
    let receive = |authentication: &str, bindings: &str, name: &str, groups: &str, raw: i64| {
        let role = if ["Default", "Client Proxy"].contains(&name) { 32 } else { 16384 };
        format!(
            "authentication=[{authentication}] bindings=[{bindings}] enabled=true fqdn=win-ctd3l0rgen4.exlab.dom \
             max_bytes=37748736 name={name} WIN-CTD3L0RGEN4 permission_groups={{known:[{groups}]}} \
             raw_authentication={raw} raw_role={role} remote_ranges=[::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,0.0.0.0-255.255.255.255] \
             server=WIN-CTD3L0RGEN4"
        )
    };
    let basic = "tls,integrated,basic,basic-require-tls";
    let all = "tls,integrated,basic,basic-require-tls,exchange-server";
    let server = |fqdn: &str, name: &str, roles: &str, version: &str| {
        format!("fqdn={fqdn} name={name} raw_roles=2 roles=[{roles}] site=Default-First-Site-Name version={version}")
    };
    let no_object = "it holds no object, so the cmdlet that it came from cannot be told; the script that 'nsdiag explain NSD331' \
                     prints writes it down";
    let aside = "which nsdiag does not read; set aside";
    let cases: Vec<(&str, String, Vec<String>)> = vec![
        (
            "Get-AcceptedDomain--css-exchange--e19.clixml.xml",
            "Get-AcceptedDomain [CLIXML, UTF-8 with BOM] 3".into(),
            vec![e19.into(), solo.clone(), wild.clone(), com.clone()],
        ),
        (
            "Get-AcceptedDomain--css-exchange--e19-bad.clixml.xml",
            "Get-AcceptedDomain [CLIXML, UTF-8 with BOM] 4".into(),
            vec![e19.into(), solo, wild, com, bad],
        ),
        (
            "Get-AcceptedDomain--scubagear--exo-ps51.json",
            "Get-AcceptedDomain [JSON, UTF-8] 7".into(),
            vec![
                online("20240816120931.0Z", "tqhjy.onmicrosoft.com"),
                online("20240816122525.0Z", "tqhjy.mail.onmicrosoft.com"),
                online("20250716235525.0Z", "example.com"),
                online("20250716235540.0Z", "subdomain.example.com"),
                online("20260401184931.0Z", "sub.subdomain.example.com"),
                online("20240816123031.0Z", "test365.tqhjy.dhs.gov"),
                online("20250205173333.0Z", "testtesttest.test365.tqhjy.dhs.gov"),
            ],
        ),
        (
            "Get-ExchangeServer--css-exchange--e16.clixml.xml",
            "Get-ExchangeServer [CLIXML, UTF-8 with BOM] 1".into(),
            vec![
                "CN=SoloORG,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=Solo,DC=local".into(),
                server(
                    "solo-e16a.solo.local",
                    "SOLO-E16A",
                    "mailbox,client-access,unified-messaging,hub-transport",
                    "Version 15.1 (Build 2375.7)",
                ),
            ],
        ),
        (
            "Get-ExchangeServer--css-exchange--e19.clixml.xml",
            "Get-ExchangeServer [CLIXML, UTF-8 with BOM] 1".into(),
            vec![
                e19.into(),
                server("solo-e19a.solo.com", "SOLO-E19A", "mailbox,client-access,hub-transport", "Version 15.2 (Build 986.5)"),
            ],
        ),
        (
            "Get-SendConnector--css-exchange--o365.clixml.xml",
            "Get-SendConnector [CLIXML, UTF-8 with BOM] 1".into(),
            vec![
                exlab.into(),
                "address_spaces=[{address:*,cost:1,kind:SMTP,local:false}] authentication=none changed=20220323170030.0Z \
                 cloud_services=true enabled=true external_dns=false ignore_starttls=false \
                 max_bytes=36700160 name=Mail to O365 port=25 require_tls=false scoped=false \
                 smart_hosts=[microsoft-com.mail.protection.outlook.com] source_servers=[WIN-CTD3L0RGEN4] \
                 tls_auth_level=not-set"
                    .into(),
            ],
        ),
        (
            "Get-ReceiveConnector--css-exchange--e19.clixml.xml",
            "Get-ReceiveConnector [CLIXML, UTF-8 with BOM] 5".into(),
            vec![
                exlab.into(),
                receive(
                    all,
                    "0.0.0.0:2525,[::]:2525",
                    "Default",
                    "exchange-users,exchange-servers,exchange-legacy-servers",
                    31,
                ),
                receive(all, "[::]:465,0.0.0.0:465", "Client Proxy", "exchange-users,exchange-servers", 31),
                receive(
                    all,
                    "[::]:25,0.0.0.0:25",
                    "Default Frontend",
                    "anonymous-users,exchange-servers,exchange-legacy-servers",
                    31,
                ),
                receive(all, "[::]:717,0.0.0.0:717", "Outbound Proxy Frontend", "exchange-servers", 31),
                receive(basic, "[::]:587,0.0.0.0:587", "Client Frontend", "exchange-users", 15),
            ],
        ),
        (
            "Get-InboundConnector--scubagear--exo-ps51.json",
            "Get-InboundConnector [JSON, UTF-8] 1".into(),
            vec![
                "addresses_only=false certificate_only=false changed=20260303011523.0Z enabled=true kind=partner \
                 name=inbound connector test 1 require_tls=true sender_addresses=[] sender_domains=[test.domain.com]"
                    .into(),
            ],
        ),
        (
            "Get-DynamicDistributionGroup--css-exchange--pf-mailboxes.clixml.xml",
            "Get-DynamicDistributionGroup [CLIXML, UTF-8 with BOM] 1".into(),
            vec![],
        ),
        (
            "Get-HybridConfiguration--css-exchange--other-cmdlet.clixml.xml",
            format!(" [CLIXML, UTF-8 with BOM] NotTried: objects of type HybridConfiguration, {aside}"),
            vec![],
        ),
        (
            "Get-RemoteDomain--scubagear--exo-ps51.json",
            "Get-RemoteDomain [JSON, UTF-8] 1".into(),
            vec!["changed=20260504073121.0Z domain=* forwards=false name=Default reports=true".into()],
        ),
        (
            "Get-TransportConfig--scubagear--exo-ps51.json",
            "Get-TransportConfig [JSON, UTF-8] 1".into(),
            vec!["internal_servers=[]".into()],
        ),
        (
            "Get-OutboundConnector--scubagear--exo-none-is-null.json",
            format!(" [JSON, UTF-8] NotTried: {no_object}"),
            vec![format!("(NotTried: {{}}: {no_object})"); 11],
        ),
    ];
    for (name, file, expected) in &cases {
        let read = read(&fixtures().join(name), &[]);
        assert_eq!(files(&read), std::slice::from_ref(file), "{name}");
        let path = fixtures().join(name).display().to_string();
        let expected: Vec<String> = expected.iter().map(|line| line.replacen("{}", &path, 1)).collect();
        assert_eq!(organisation(&read), expected, "{name}");
    }
    let all = std::fs::read_dir(fixtures()).unwrap().count();
    assert_eq!(cases.len() + 1, all, "each file of the folder but LICENSES.md has its row");
}

#[test]
fn a_real_group_is_an_entry_as_the_directory_would_give_it() {
    let address = "PublicFolderMailboxes.419323dd2b7d4d04a724dcc15e467521@VNext.local".to_lowercase();
    let read = read(
        &fixtures().join("Get-DynamicDistributionGroup--css-exchange--pf-mailboxes.clixml.xml"),
        &[&address, "a@contoso.com"],
    );
    let Observed::Known(found) = &read.lookups[1].entries else { panic!("{:?}", read.lookups) };
    let entry = serde_json::to_value(&found[0]).unwrap();
    let name = "PublicFolderMailboxes.419323dd2b7d4d04a724dcc15e467521";
    let expected = serde_json::json!({
        "dn": format!("CN={name},CN=Users,DC=VNext,DC=local"),
        "attributes": {
            "objectclass": ["top", "msExchDynamicDistributionList"],
            "cn": [name],
            "mail": [format!("{name}@vnext.local")],
            "proxyaddresses": [format!("SMTP:{name}@vnext.local")],
            "mailnickname": [name],
            "msexchrecipienttypedetails": ["2048"],
            "msexchrequireauthtosendto": ["TRUE"],
            "msexchhidefromaddresslists": ["TRUE"],
            "whenchanged": ["20231004141604.0Z"],
        },
    });
    assert_eq!(entry, expected);
    let miss = read.lookups[0].entries.miss().unwrap();
    assert_eq!(miss.how, How::NotTried);
    let said = ": only Get-DynamicDistributionGroup was exported; Get-Recipient -ResultSize Unlimited would tell";
    assert!(miss.said.ends_with(said), "{}", miss.said);
}
