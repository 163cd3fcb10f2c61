//! Replies that no product's text is known for, by the kinds of words that they hold. Words about us (a rate, the sender, our
//! address, a rule) come first: whatever else such a reply says, it need not be about the recipient (contract, section 5).
use super::row::{Confidence::*, Row, Said::*, Text, row};
use super::words::{holds_any, says_of_recipient, says_unknown};
use crate::replies::Meaning::*;

/// A kind of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A quota of the sender's.
    Quota,
    /// The recipient's mailbox is full.
    Full,
    /// Too much, too fast.
    Rate,
    /// Syntax.
    Syntax,
    /// The sender.
    Sender,
    /// Our address.
    Address,
    /// Who we are: a password, or authentication.
    Login,
    /// The domain is not served.
    Relay,
    /// The recipient is switched off, or has moved.
    Disabled,
    /// A rule, or what the message holds.
    Rule,
    /// "Recipient address rejected:", and behind it that the recipient is not known.
    RejectedAsUnknown,
    /// The recipient is not known.
    Unknown,
    /// "Address rejected" behind the code for a bad mailbox (RFC 3463, 3.2).
    AddressRejected,
    /// A phrase that many use, where the code says nothing of us.
    Phrase,
    /// The recipient could not be verified.
    Unverified,
    /// Trouble at the server.
    Trouble,
}

impl Kind {
    /// Whether `text` is of this kind.
    pub(super) fn holds(self, text: &Text) -> bool {
        let any = |words| holds_any(text, words);
        match self {
            Self::Quota => any(
                "sending quota|sender quota|sender's quota|senders quota|outbound quota|outgoing quota|relay quota|\
                     sending limit|sending limits|daily quota|hourly quota|quota for sending",
            ),
            Self::Full => {
                any(
                    "over storage quota|over its quota|over his quota|over their quota|quota violation|quota exceed*|exceeded quota|exceeds quota|exceeded its quota|\
                     exceeded his quota|exceeded their quota|exceeded the quota|exceeded storage allocation|\
                     exceeded its storage|storage exceeded|out of quota|overquota|over quota|mailbox size limit|\
                     mailbox limit|quota uberschritten|speicherplatz|quota depasse*|quota superat*|cuota excedid*|\
                     cota excedid*|не хватает места|переполнен*|容量を超え|已满|已滿|空间不足|空間不足|\
                     超过配额|いっぱい",
                ) || says_of_recipient(
                    text,
                    "postfach|boite|boite aux lettres|casella|buzon|caixa postal|caixa|skrzynka|brevlada*|ящик*|\
                             posta kutusu",
                    "full|too full|exceeded its limit|voll|pleine|plein|pien*|llen*|chei*|cheia|pelna|\
                             przepelnion*|vol|dolu|full.|out of space|no space",
                )
            }
            Self::Rate => any(
                "threshold|limit erreicht|too many|too much mail|too much email|too much e-mail|too fast|too quickly|too often|\
                 too frequent*|rate limit*|rate-limit*|ratelimit*|rate exceeded|throttl*|limit exceeded|\
                 limit reached|limits exceeded|exceeded the limit|exceeded their limit|exceeded your limit|\
                 exceeded message|exceeded the maximum number|exceeds the maximum number|exceed the limit|\
                 maximum connections|max connections|max message|max messages|per hour|per minute|per day|\
                 per connection|maximum number|user limit|users limit|recipient limit|recipients limit|\
                 count exceeded|daily limit|hourly limit|unusual rate|harvest*|dictionary attack|slow down|excessive|volume|concurrent|bad_ip|zu viele|zuviele|trop de|trop souvent|\
                 troppi|troppe|demasiad*|excesso de|muitas conex*|zbyt wiele|zbyt duzo|te veel|for manga|for mange|\
                 слишком много|слишком часто|превышен*|cok fazla|过多|太多|频繁|频率|頻率|超过限制|多すぎ",
            ),
            Self::Syntax => {
                any("syntax|malformed|fully-qualified|fully qualified|illegal character*|invalid character*|\
                     bad address format|mailbox name not allowed|badly formed|rfc-5321|rfc 5321|rfc5321|rfc-5322|\
                     rfc 5322|rfc5322|rfc-2822|rfc 2822|rfc2822|rfc-822|rfc 822|rfc822")
            }
            Self::Sender => {
                any("after mail from|sender was rejected|for mail from|sending mailbox|from-address|submitter*|\
                     originator*|reply-to|bounce address|reverse path|address of origin|absendende adresse|at your domain|\
                     your domain does not|ihr postfach|dein postfach|ihr konto|dein konto|votre compte|votre boite|\
                     su cuenta|su buzon|il tuo account|il suo account|la tua casella|uw account|uw mailbox|ditt konto|\
                     din brevlada|twoje konto|twoja skrzynka|ваш почтовый|ваша учетная|您的帐户|您的账户|您的帳戶|\
                     あなたのアカウント|your account|your user|sender|senders|sender's|mail from:|mail from invalid|invalid mail from|mail from command|\
                     mail from address|mail from domain|mail from user|mail from unknown|in mail from|mail from <@|mailfrom|envelope from|\
                     from address|from domain|senderfilterconfig|callback setup failed|your address is|\
                     your email address|your e-mail address|your mailbox|you send as|you send from|you are sending from|\
                     you are sending as|ihre adresse|deine adresse|votre adresse|\
                     il suo indirizzo|il tuo indirizzo|su direccion|seu endereco|uw adres|din adress|ваш адрес|您的地址|\
                     您的邮箱|reverse-path|return path|return-path|spf|dkim|dmarc|spoof*|forged|\
                     absender*|expediteur*|emetteur*|mittente*|remitente*|remetente*|nadawc*|afzender*|avsandare*|\
                     afsender*|odesilatel*|отправител*|відправник*|gonderen*|gonderici*|送信者|差出人|发件人|寄件人|寄件者|发信人")
            }
            Self::Address => {
                any("reverse dns|rdns|listed in|ptr|dnsbl*|rbl|rbls|block listed|listed at|is listed in|is listed by|\
                     is listed on|bad reputation|low reputation|reputation too low|invalid ip|ip is rejected|\
                     ip address|ip addresses|your ip|ihre ip|deine ip|votre ip|su ip|tu ip|seu ip|suo ip|uw ip|din ip|ваш ip|您的ip|ip-adresse|adresse ip|direccion ip|indirizzo ip|endereco ip|\
                     adres ip|ip-adres|your host|your server|your mail server|sending server|client host|\
                     open proxy|an open relay|dynamic ip|residential|su servidor|votre serveur|ihr server|\
                     suspected spam|spam source|helo|ehlo")
            }
            // 5.7.20 to 29 tell that the message's own signature failed (RFC 7372).
            Self::Login => {
                !text.is_of_signature()
                    && any(
                        "authentication|authenticate|authenticated|not logged in|password|credentials|smtp auth|passwort|kennwort|\
                     anmeldung|mot de passe|authentification|autenticazione|autenticacion|autenticacao|contrasena|senha|\
                     haslo|uwierzytelni*|wachtwoord|authenticatie|losenord|autentisering|пароль|аутентификаци*|sifre|\
                     認証|认证|密码|パスワード",
                    )
            }
            Self::Relay => any("relay|relaying|relayed|relays|relais|forward-path is not allowed|no such domain|\
                     domain not found|domain not allowed|domain is not allowed|domain not accepted|\
                     domain is not accepted|domain not hosted|domain is not hosted|domain not handled|\
                     domain not local|domain of recipient|empfangerdomain|empfaengerdomain|domain in the recipient*|mail domain mentioned|not a local domain|not our domain|unknown domain|domain unknown|\
                     domain is unknown|domain does not exist here|not responsible for|not hosted here|rcpthosts|\
                     recipient domain|weiterleitung|не обслуживает*"),
            Self::Disabled => {
                any("no longer accepts mail|no longer accepts email|no longer accepts e-mail|no longer accepting|\
                     no longer in use|no longer used|no longer available|no longer active|no longer on server|\
                     no longer works|no longer with|no longer an employee|due to inactivity|has moved|user moved|address changed|address has changed|\
                     address has been changed|user not local|administratively disabled|has left|\
                     not accepting messages|nicht mehr verfugbar|nicht mehr verfuegbar|nicht mehr erreichbar|\
                     nicht mehr aktiv|n'est plus valable|n'est plus utilise*|non e piu attiv*|ya no esta|\
                     estado: inactiv*")
                    || text.holds("not accepting mail") && !text.holds("accepting mail from")
                    || says_of_recipient(
                        text,
                        "benutzer|postfach|konto|empfanger*|empfaenger*|adresse|utilisateur|compte|destinataire|\
                             boite|utente|casella|indirizzo|account|destinatario|usuario|cuenta|buzon|casilla|conta|kont*|skrzynk*|\
                             пользовател*|ящик*|аккаунт*|kullanici*|hesap|アカウント|ユーザ|用户|帐号|账号|邮箱",
                        "disabled|suspended|inactive|deactivated|de-activated|locked|closed|expired|not active|\
                             not activated|frozen|terminated|cancelled|canceled|discontinued|retired|deleted|\
                             removed|blocked|unavailable: account|gesperrt*|deaktiviert*|geloscht*|geloescht*|\
                             inaktiv*|abgeschaltet|desactive*|suspendu*|bloque*|ferme|inactif*|disattivat*|\
                             disabilitat*|sospes*|bloccat*|inattiv*|desactivad*|suspendid*|bloquead*|expirad*|inactiv*|\
                             deshabilitad*|desativad*|suspens*|inativ*|zablokowan*|nieaktywn*|wylaczon*|\
                             geblokkeerd*|uitgeschakeld*|opgeheven|avstangt*|inaktiverat*|заблокирован*|отключен*|\
                             неактив*|удален*|devre disi|askiya alin*|停止|停用|禁用|冻结|无効化|無効化",
                    )
            }
            Self::Rule => any(
                "policy|policies|certificate|license|lizenz|s/mime|opt-in|message size|size exceeds|size limit|too large|too big|prohibited|not authorized|not authorised|unauthorized|unauthorised|\
                     not permitted|not allowed|permission|permissions|access denied|restricted|only accept*|\
                     accepts mail only|accepts only|from known|does not want|doesn't want|recipient preferences|\
                     refused due to|accept mail from|accepts mail from|accept messages from|accepts messages from|\
                 accept email from|accepts email from|strangers|spam|virus|junk|unsolicited|content|abuse|blocked|rejecting|whitelist*|\
                     white list*|allow list*|richtlinie*|nicht erlaubt|unerwunscht*|interdit*|non autorise*|\
                     non consentit*|non autorizzat*|no permitid*|no autorizad*|nao permitid*|nao autorizad*|\
                     niedozwolon*|niet toegestaan|ej tillat*|запрещен*|拒绝|拒絕",
            ),
            Self::RejectedAsUnknown => {
                let Some((_, behind)) = text.as_str().split_once("recipient address rejected: ") else { return false };
                behind.split(' ').count() <= 5 && says_unknown(&Text::new(behind))
            }
            Self::Phrase => !text.speaks_of_us(),
            Self::Unknown => !text.speaks_of_us() && says_unknown(text),
            Self::AddressRejected => {
                let end = text.as_str().trim_end_matches(['.', ' ', '>', '@', '<', ':']);
                text.status() == Some("5.1.1") && end.ends_with("address rejected")
            }
            Self::Unverified => any("verification problem|verification failed|verification failure|unable to verify|\
                     could not verify|cannot verify|can't verify|not be verified|verify failed"),
            Self::Trouble => any(
                "database unavailable|queue unavailable|exceeded max time|message expired|temporary failure|temporary domain failure|\
                     temporarily unavailable|try again later|internal error|internal system error|server error|\
                     system error|out of memory|disk full|insufficient",
            ),
        }
    }
}

/// The rows, in the order in which they are tried.
pub(super) static ROWS: &[Row] = &[
    row(201, &[""], Full, "various", "words", Medium)
        .of(Kind::Full)
        .unless(&["queue quota", "policy rejection"])
        .like("550 Postfach voll")
        .note("the mailbox exists"),
    row(202, &[""], RateLimited, "various", "words", Medium)
        .of(Kind::Rate)
        .unless(&["message size", "size limit", "too many hops"])
        .like("550 Excessive userid unknowns"),
    row(203, &[""], Protocol, "various", "words", Medium).of(Kind::Syntax).like("550 Malformed address"),
    row(205, &[""], Reputation, "various", "words", Medium)
        .of(Kind::Address)
        .unless(&["not listed"])
        .like("554 Refused. Your reverse DNS entry contains your IP address.")
        .said(Any),
    row(204, &[""], SenderRejected, "various", "words", Medium)
        .of(Kind::Sender)
        .unless(&["to authenticated senders", "sender is not authenticated", "mail from: known"])
        .like("553 Envelope sender rejected")
        .said(Any),
    row(206, &[""], RelayDenied, "various", "words", Medium)
        .of(Kind::Relay)
        .unless(&["domain of sender", "when relay check", "unknown domain or unknown recipient", ", relay=["])
        .like("553 host denies relay."),
    row(216, &[""], AuthenticationRequired, "various", "words", Medium)
        .of(Kind::Login)
        .like("550 authentication failed: user not found")
        .note("about us, who do not log in"),
    row(207, &[""], Disabled, "various", "words", Medium).of(Kind::Disabled).like("550 user is locked."),
    row(208, &[""], UnknownRecipient, "Postfix, a site's own words", "PFX access(5)", Medium)
        .of(Kind::RejectedAsUnknown)
        .codes(&[5])
        .enhanced(&["5.7.0", "5.7.1"])
        .like("554 5.7.1 <a@contoso.com>: Recipient address rejected: No such user")
        .note("the words behind Postfix's are the site's, and with 5.7.1 those of an access map"),
    row(209, &[""], Policy, "various", "words", Medium)
        .of(Kind::Rule)
        .like("550 5.7.1 Policy rejection on the target address"),
];

/// The rows about recipients that are not known, behind all others.
pub(super) static UNKNOWN: &[Row] = &[
    row(210, &[""], UnknownRecipient, "various", "words", Medium)
        .of(Kind::Unknown)
        .codes(&[5])
        .like("550 5.1.1 Utilisateur inconnu"),
    row(211, &[""], UnknownRecipientTemporary, "various", "words", Medium)
        .of(Kind::Unknown)
        .codes(&[4])
        .like("450 4.1.1 <a@contoso.com> No such user"),
    row(212, &[""], UnknownRecipient, "various", "RFC 3463, 3.2", Medium)
        .of(Kind::AddressRejected)
        .codes(&[5])
        .like("550 5.1.1 <a@contoso.com>: Address rejected"),
    row(213, &[""], VerificationFailed, "various", "words", Medium)
        .of(Kind::Unverified)
        .unless(&["callout verification failed"])
        .like("550 unable to verify user"),
    row(
        214,
        &["loop detect", "mail loop", "looping message", "message loop", "mailloop", "bouclage"],
        Loop,
        "various",
        "words",
        Medium,
    )
    .like("554 5.5.6 loop detection")
    .said(Later),
    row(215, &[""], Temporary, "various", "words", Medium).of(Kind::Trouble).like("550 queue unavailable."),
];
