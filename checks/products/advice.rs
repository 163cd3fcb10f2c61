//! What each product is known for: how it looks recipients up, when it refuses, how it is told of a second system.
//!
//! Sources: MSX Microsoft's Exchange documentation · PFX, EXM the servers' own documentation · U-BA1 to U-BA5 Barracuda ·
//! U-CS1 to U-CS7 Cisco AsyncOS guides · U-DO1 Domino · U-FM1 to U-FM5 Fortinet · U-GO1, U-GO2
//! Google · U-HO1 Hornetsecurity · U-MC1 to U-MC4b Mimecast · U-NA1 N-able · U-OP1 OPSWAT · U-PE1 to U-PE4 Proofpoint
//! Essentials · U-ST1, U-ST2 SpamTitan · U-SY1 to U-SY5 Symantec and Broadcom · U-TM1 Trend Micro · U-ZI1, U-ZI2 Zimbra ·
//! SOE, SGO real bounces.
use crate::replies::Confidence::{self, *};

/// What one product is known for.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// The product.
    pub product: &'static str,
    /// How it looks recipients up, as in `Postfix looks recipients up in …`.
    pub looks_up: &'static str,
    /// How it comes to refuse after RCPT, where it is known to.
    pub late: Option<&'static str>,
    /// How it is told of a second system's mailboxes: any one of these; empty where its configuration is written out.
    pub second_system: &'static [&'static str],
    /// What to widen where it refuses somebody whom the directory holds; empty where nothing is known.
    pub widen: &'static [&'static str],
    /// How what it knows is renewed at once: the menu or the command, and how long it keeps an answer; empty where no public
    /// page says.
    pub renew: &'static [&'static str],
    /// How long a change takes to show, where that is known.
    pub again: Option<&'static str>,
    /// Where we know it from.
    pub source: &'static str,
    /// How well.
    pub confidence: Confidence,
}

/// What `product` is known for.
pub fn advice(product: &str) -> Option<&'static Advice> {
    ADVICE.iter().find(|advice| advice.product == product)
}

impl Advice {
    /// The advice to test again late enough, as a step.
    pub fn test_again(&self) -> Option<alloc::string::String> {
        self.again.map(|after| alloc::format!("Test again after {after}"))
    }
}

/// All that is known.
pub static ADVICE: &[Advice] = &[
    Advice {
        product: "Exchange Online",
        looks_up: "looks recipients up in the tenant's directory, where the accepted domain is authoritative (directory-based edge \
                blocking)",
        late: None,
        second_system: &[
            "In the tenant, create a mail user or mail contact with the external address for each mailbox \
                of the other system",
            "Or set the accepted domain to internal relay, with an outbound connector to the other \
                system; edge blocking then ends",
        ],
        widen: &[
            "Have the object synchronised to the tenant: edge blocking asks the tenant's directory and \
                not Active Directory",
            "Dynamic groups and public folders are not seen there: give those a mail contact",
        ],
        renew: &[
            "Run a delta synchronisation on the server of Microsoft Entra Connect; by itself it runs every 30 minutes",
        ],
        again: Some("the next directory synchronisation"),
        source: "MSX use-directory-based-edge-blocking.md, manage-accepted-domains.md; Microsoft, \"Microsoft Entra Connect Sync: Scheduler\"",
        confidence: High,
    },
    Advice {
        product: "Exchange",
        looks_up: "looks recipients up in Active Directory, where the recipient filter agent runs",
        late: Some("its port 25 refuses a whole message after DATA, or bounces it later"),
        second_system: &[
            "Set the accepted domain to internal relay, with a send connector for its address space to \
                the other system",
            "Or create a mail contact or mail user for each mailbox of the other system",
        ],
        widen: &[],
        renew: &[],
        again: None,
        source: "MSX recipient-filtering.md, accepted-domains.md",
        confidence: High,
    },
    Advice {
        product: "Cisco Secure Email",
        looks_up: "looks recipients up in the recipient access table, by an LDAP accept query, or by SMTP \
                call-ahead, per listener",
        late: Some("an LDAP accept query in the work queue bounces or drops what it does not find"),
        second_system: &[
            "Add a second LDAP profile for the other system, and a chain query or domain-based query over both",
            "Or list its addresses in the recipient access table with Bypass LDAP Accept (and Bypass SMTP Call-Ahead)",
            "Or have SMTP call-ahead ask a host that knows the mailboxes of both systems",
        ],
        widen: &[
            "Set the accept query to (|(mail={a})(proxyAddresses=smtp:{a})), Cisco's own default",
            "Ask a global catalog, port 3268 or 3269",
        ],
        renew: &[
            "See what the query finds: Test Query in the profile at System Administration > LDAP, or ldaptest on the command line",
            "Flush what it keeps of the directory: ldapflush on the command line; how long it keeps an answer, the profile says (Cache TTL)",
        ],
        again: Some("the LDAP cache's time to live, or flush the cache"),
        source: "U-CS1, U-CS2, U-CS3, U-CS5, U-CS6; Cisco, AsyncOS 7.6 Advanced Configuration Guide, page 3-17, and CLI Reference Guide (ldapflush)",
        confidence: High,
    },
    Advice {
        product: "Mimecast",
        looks_up: "looks recipients up in its list of known recipients, in a synchronised directory, or by SMTP \
                call forward, per domain",
        late: None,
        second_system: &[
            "Set the domain's recipient validation to Known Recipients, and import the other system's \
                addresses from a CSV file",
            "Or synchronise the other system's directory too",
            "Or set SMTP Call Forward, with a delivery route to a host that knows the mailboxes of both systems",
        ],
        widen: &["Run a directory synchronisation, and see that the object's kind and container are in its scope"],
        renew: &[
            "Synchronise at once: Users & Groups > Directory Synchronization > Sync All; by itself it runs three times a day",
        ],
        again: Some("the next directory synchronisation"),
        source: "U-MC1, U-MC2, U-MC4b; Mimecast, \"Directory Synchronization - Integrations\"",
        confidence: High,
    },
    Advice {
        product: "Proofpoint",
        looks_up: "looks recipients up in users imported from LDAP or Entra, by its recipient verification rule",
        late: Some("it has been seen to take a recipient at RCPT and to refuse DATA with 550 5.1.1 User Unknown"),
        second_system: &[
            "Import the other system's directory as well, or add its users by hand",
            "Or exempt the domain's route from recipient verification",
        ],
        widen: &["Import again, with groups, contacts and proxyAddresses in the import's scope"],
        renew: &[],
        again: Some("the next import"),
        source: "real samples; the vendor's own guide is not public",
        confidence: Medium,
    },
    Advice {
        product: "Proofpoint Essentials",
        looks_up: "looks recipients up in its users, from Active Directory, Entra or CSV; SMTP Discovery takes everybody until they \
                are marked invalid",
        late: Some("while SMTP Discovery learns, it takes everybody"),
        second_system: &[
            "Create functional accounts or aliases for the other system's mailboxes, or import them from a CSV file",
            "Remove them from the Marked Invalid List",
        ],
        widen: &[
            "Remove the address from the Marked Invalid List",
            "See that its account is not blocked from signing in: a disabled account is Not Active there, \
                and its mail is refused",
        ],
        renew: &[
            "Synchronise at once: Company Settings > Import Users > Active Directory > Sync Active Directory; by itself it runs as that page says, every 1 to 24 hours or never",
        ],
        again: Some("40 minutes"),
        source: "U-PE1, U-PE2, U-PE3, U-PE4; Vircom, \"How to Sync Users with Active Directory\"",
        confidence: High,
    },
    Advice {
        product: "Barracuda Email Gateway Defense",
        looks_up: "looks recipients up in its users, from LDAP or Entra; the policy for unmanaged users decides \
                on the rest",
        late: Some("with the policy Scan for unmanaged users it asks the next host at the end of DATA"),
        second_system: &[
            "Add the other system's mailboxes to the users by hand: whom the synchronisation does not \
                bring is refused",
            "Or set the default policy for unmanaged users to Scan",
        ],
        widen: &["Synchronise again, and see that the object is in the synchronisation's scope"],
        renew: &["Synchronise at once: Domains > Edit (beside the domain) > Directory Services > Synchronize Now"],
        again: Some("the next synchronisation"),
        source: "U-BA1, U-BA3, U-BA4",
        confidence: High,
    },
    Advice {
        product: "Barracuda Email Security Gateway",
        looks_up: "looks recipients up by LDAP per domain, or by SMTP at the next host where no LDAP is set; its list of valid \
                recipients comes first",
        late: None,
        second_system: &[
            "Put the other system's mailboxes on the domain's Explicit Users / Valid Recipients list",
            "Or switch LDAP off for the domain, and let the SMTP check ask a host that knows the \
                mailboxes of both systems",
        ],
        widen: &["Widen the domain's LDAP filter and search base"],
        renew: &[
            "The list of one domain: Domains > Domain Manager > Manage Domain > Users > Valid Recipients; of all: Advanced > Explicit Users",
            "Its LDAP: Domains > Domain Manager > Manage Domain > Users > LDAP Configuration",
        ],
        again: None,
        source: "U-BA2, U-BA5",
        confidence: High,
    },
    Advice {
        product: "Symantec Email Security.cloud",
        looks_up: "looks recipients up in its Address Registration list, kept by hand or by Schemus",
        late: None,
        second_system: &[
            "Add the other system's mailboxes to Address Registration, or give Schemus a second source",
            "Or switch Address Registration off for the domain",
        ],
        widen: &["Run Schemus again, with proxyAddresses, groups and contacts in its scope"],
        renew: &[],
        again: Some("one hour"),
        source: "U-SY1",
        confidence: High,
    },
    Advice {
        product: "Symantec Messaging Gateway",
        looks_up: "looks recipients up in a directory data source with recipient validation, by \
                (proxyAddresses=smtp:%s)",
        late: Some("set to drop or to bounce invalid recipients, it takes them at RCPT"),
        second_system: &[
            "Add the other system's directory as a second data source with recipient validation",
            "Or switch recipient validation off for the domain",
        ],
        widen: &["Have the recipient validation query ask for proxyAddresses over users, groups and contacts; \
                the default overlooks `mail`"],
        renew: &[
            "Clear what it keeps, refusals among it: Administration > Directory Integration > the data source > Advanced > Clear Cache",
        ],
        again: Some("the directory cache's time to live, or clear the cache"),
        source: "U-SY3, U-SY4, U-SY5; Broadcom knowledge article 152421",
        confidence: High,
    },
    Advice {
        product: "FortiMail",
        looks_up: "looks recipients up by an LDAP profile, or by SMTP (RCPT or VRFY) at the next host, per domain",
        late: None,
        second_system: &[
            "Chain a second LDAP profile for the other system (set chain-status enable, set chain)",
            "Or verify by SMTP at an alternative server that knows the mailboxes of both systems, with mail-from-addr set: \
             Microsoft 365 does not take the empty sender that it uses by default",
        ],
        widen: &["Have the LDAP profile's user query ask for proxyAddresses over users, groups and contacts"],
        renew: &[
            "Profile > LDAP > LDAP shows which profiles cache their answers; how long, the profile says (cache-ttl)",
        ],
        again: Some("the LDAP profile's cache-ttl"),
        source: "U-FM1, U-FM2, U-FM4, U-FM5; Fortinet, \"Configuring LDAP profiles\" (FortiMail 6.4.2)",
        confidence: High,
    },
    Advice {
        product: "Trend Micro Email Security",
        looks_up: "looks recipients up in a directory that is imported, or synchronised by its tool",
        late: None,
        second_system: &[
            "Add the other system's directory to the synchronisation tool, or import its addresses from a \
                CSV or LDIF file",
        ],
        widen: &["Synchronise again, from the global catalog where the forest has several domains"],
        renew: &[
            "Synchronise at once: Directory Synchronization Tool > Service Settings > Synchronize Now; a file is imported at Directory Management > Directory Import",
        ],
        again: Some("the next synchronisation"),
        source: "U-TM1; Trend Micro, \"Synchronizing groups\"",
        confidence: High,
    },
    Advice {
        product: "Hornetsecurity",
        looks_up: "looks recipients up by SMTP at the customer's server",
        late: None,
        second_system: &[
            "Have it ask a host that refuses unknown recipients at RCPT and knows the mailboxes of both systems",
        ],
        widen: &[
            "At Exchange it must ask a connector that refuses at RCPT: port 25 of a mailbox server takes everybody",
        ],
        renew: &[],
        again: None,
        source: "U-HO1",
        confidence: Medium,
    },
    Advice {
        product: "SpamTitan",
        looks_up: "looks recipients up by dynamic recipient verification (call-ahead), LDAP or a list",
        late: None,
        second_system: &["Point dynamic recipient verification at a host that knows the mailboxes of both systems"],
        widen: &["At Exchange 2013 and later it must ask the hub connector on port 2525: port 25 takes everybody"],
        renew: &[],
        again: None,
        source: "U-ST1, U-ST2",
        confidence: High,
    },
    Advice {
        product: "N-able Mail Assure",
        looks_up: "looks recipients up by call-ahead to the destination, after a test for a catch-all",
        late: None,
        second_system: &[
            "Make its destination a host that refuses unknown recipients and knows the mailboxes of both systems",
            "Or give it a local list of recipients",
        ],
        widen: &[],
        renew: &["Clear callout cache (incoming) in the control panel: a refusal is kept for several hours"],
        again: Some("its cache of call-ahead answers has expired"),
        source: "U-NA1; Krystal, \"Clearing the callout cache\"",
        confidence: High,
    },
    Advice {
        product: "OPSWAT MetaDefender Email",
        looks_up: "looks recipients up by SMTP at the servers of its rules; the first rule whose server accepts wins",
        late: None,
        second_system: &["Add a rule with recipient verification for the other system's server"],
        widen: &[],
        renew: &[],
        again: None,
        source: "U-OP1",
        confidence: High,
    },
    Advice {
        product: "Postfix",
        looks_up: "looks recipients up in relay_recipient_maps (a list, or LDAP), or by call-ahead \
                (reject_unverified_recipient)",
        late: None,
        second_system: &[],
        widen: &[],
        renew: &[
            "Where it uses call-ahead it asks anew about an address that was refused after three hours (address_verify_negative_refresh_time), and forgets it after three days (address_verify_negative_expire_time)",
        ],
        again: Some("three hours where it uses call-ahead (address_verify_negative_refresh_time)"),
        source: "PFX ADDRESS_VERIFICATION_README, postconf(5)",
        confidence: High,
    },
    Advice {
        product: "Exim",
        looks_up: "looks recipients up by its routers (local_parts), or by callout (verify = recipient/callout)",
        late: None,
        second_system: &[],
        widen: &[],
        renew: &[
            "Where it uses callouts it keeps a refused address for two hours (callout_negative_expire), a host that refused all for three (callout_domain_negative_expire)",
        ],
        again: Some("two hours where it uses callouts, and keeps a refusal that long"),
        source: "EXM spec, callout verification",
        confidence: High,
    },
    Advice {
        product: "Zimbra",
        looks_up: "looks recipients up in its own directory, through Postfix",
        late: None,
        second_system: &[
            "Hand on what it does not know: zimbraMailCatchAllAddress, zimbraMailCatchAllForwardingAddress and zimbraMailTransport \
             smtp:HOST on the domain",
        ],
        widen: &[],
        renew: &[],
        again: None,
        source: "U-ZI1, U-ZI2",
        confidence: High,
    },
    Advice {
        product: "Domino",
        looks_up: "looks recipients up in the Domino Directory, where \\\"Verify that local domain recipients \
                exist\\\" is on",
        late: Some("unless told to verify recipients, it bounces later what it does not know"),
        second_system: &["Do not verify recipients where Domino hands unknown ones to a smart host: the vendor says \
                the two exclude each other"],
        widen: &[],
        renew: &[],
        again: None,
        source: "U-DO1",
        confidence: High,
    },
    Advice {
        product: "Google Workspace",
        looks_up: "looks recipients up in its own directory",
        late: None,
        second_system: &[
            "Add a routing rule that changes the route of unrecognised addresses to the other system's host",
        ],
        widen: &["Create the user, alias or group in Google, or route unrecognised addresses on"],
        renew: &[],
        again: None,
        source: "U-GO1, U-GO2",
        confidence: High,
    },
    Advice {
        product: "Cloudflare Email Routing",
        looks_up: "looks recipients up in its list of routes",
        late: Some(
            "what no route names is dropped or goes to the catch-all, and the destination's refusal comes after DATA",
        ),
        second_system: &["Add a route for each of the other system's mailboxes"],
        widen: &["Add a route for the address"],
        renew: &[],
        again: None,
        source: "SOE, U-CF1",
        confidence: Medium,
    },
    Advice {
        product: "Amazon SES",
        looks_up: "looks recipients up in its receipt rules",
        late: Some("its receipt rules refuse with a bounce, after the message was taken"),
        second_system: &["Add the other system's mailboxes to a receipt rule"],
        widen: &["Add the address to a receipt rule"],
        renew: &[],
        again: None,
        source: "SOE",
        confidence: Medium,
    },
    Advice {
        product: "qmail",
        looks_up: "looks recipients up with the validrcptto patch alone",
        late: Some("unless it is patched, it takes everybody and bounces later"),
        second_system: &["Put the other system's mailboxes on its validrcptto list"],
        widen: &["Put the address on its validrcptto list"],
        renew: &[],
        again: None,
        source: "SGO",
        confidence: Medium,
    },
];
