//! Words by which servers say, in many languages, that a recipient is not known, is switched off or is full: a word for the
//! recipient close to one for what is wrong with it. Accents are folded before (`row.rs`); Words are separated by `|`; `*` at
//! the end of one stands for any ending.
use super::row::Text;
use alloc::vec::Vec;

/// How one language speaks of recipients that it does not know.
struct Language {
    who: &'static str,
    unknown: &'static str,
    /// What says it without another word.
    whole: &'static str,
}

/// What a recipient is called, and what is said of one that is switched off, moved or full.
const WHO: &str = "user|userid|user id|username|user name|recipient|rcpt|rcptto|mailbox|mail-box|mail box|inbox|account|\
     addressee|email address|e-mail address|emailaddress|mail address|mailaddress|recipient address|\
     destination address|local part|local-part|login|person|subscriber|alias|address|\
     @";

const LANGUAGES: &[Language] = &[
    // English.
    Language {
        who: WHO,
        unknown: "unknown|unkown|unknow|unknwon|not known|not found|could not be found|cannot be found|can't be found|\
             can not be found|couldn't be found|was not found|not been found|dosn't exist|does not exist|doesn't exist|doesnt exist|\
             don't exist|don't exists|do not exist|did not exist|not exist|not exists|doesn't exists|\
             no longer exists|may not exist|does no longer exist|no longer valid|invalid|not valid|isn't valid|\
             not a valid|is no valid|no such|not recognized|not recognised|unrecognized|unrecognised|unallocated|\
             not registered|not listed|not defined|nonexistent|non-existent|non existent|inexistent|\
             does not have an account|has no account|not have a mailbox|not a local|not a user|not a known|\
             isn't a known|no valid|not our|unable to find|cannot find|can't find|could not find|couldn't find",
        whole: "no mailbox here|no mail-box here|no mailbox by that name|no account by that name|no user by that name|\
             no one by that name|nobody by that name|handle mail for that user|handle mail for this user|\
             mail address is not handled by this system|bad destination mailbox address|bad mailbox|\
             bad recipient address|does not like recipient|no such address|nobody here by that name|\
             no mailbox found|no user here|exists that user|no such id|no such mail drop|not our customer|\
             no one with that email address|no one with this email address|no one with that address|\
             no one with this address|recipnotfound|address_not_found|does not have a mailbox here|is not a mailbox|\
             doesn't have an account|no inbox for",
    },
    // German.
    Language {
        who: "benutzer|benutzername|nutzer|empfanger*|empfaenger*|mailbox|postfach|konto|mailkonto|e-mail-konto|\
             adresse|e-mail-adresse|emailadresse|mailadresse|adressat|teilnehmer|person|anwender|@",
        unknown: "nicht bekannt|unbekannt*|nicht gefunden|existiert nicht|existiert hier nicht|existiert leider nicht|\
             nicht vorhanden|ungultig*|ungueltig*|gibt es nicht|nicht existent|nicht mehr gultig|nicht registriert|\
             kein solche*|kein gultige*|kein gueltige*|keine gultige*|keine gueltige*|gibt es kein*|gibt kein*",
        whole: "kein postfach|kein benutzer|kein empfanger|kein empfaenger|keine mailbox|niemand mit diesem namen",
    },
    // French.
    Language {
        who: "utilisateur|destinataire|boite|boite aux lettres|compte|adresse|abonne|usager|correspondant|@",
        unknown: "inconnu*|n'existe pas|n existe pas|n'existe plus|introuvable|invalide*|inexistant*|pas trouve*|\
             non trouve*|pas connu*|non valide|pas valide|non reconnu*|pas reconnu*",
        whole: "aucun utilisateur|aucun destinataire|aucune boite|aucun compte",
    },
    // Italian.
    Language {
        who: "utente|destinatario|destin.|destinatari|casella|casella postale|account|indirizzo|mailbox|@",
        unknown: "sconosciut*|inesistente|non esiste|non esistente|non trovat*|non valid*|non e valid*|errat*|non riconosciut*|\
             non presente|non conosciut*",
        whole: "nessun utente|nessun destinatario|nessuna casella",
    },
    // Spanish.
    Language {
        who: "usuario|destinatario|buzon|cuenta|direccion|casilla|correo electronico|@",
        unknown: "desconocid*|no existe|no existente|inexistente|no encontrad*|no se encontro|no se encuentra|no valid*|\
             no es valid*|invalid*|no se ha encontrado|no fue encontrad*|no reconocid*|no registrad*",
        whole: "ningun usuario|ningun destinatario|ninguna cuenta",
    },
    // Portuguese.
    Language {
        who: "usuario|utilizador|destinatario|conta|caixa postal|caixa de correio|endereco|caixa|@",
        unknown: "desconhecid*|nao existe|inexistente|nao encontrad*|nao foi encontrad*|invalid*|nao cadastrad*|\
             nao localizad*|nao e valid*|nao reconhecid*",
        whole: "nao ha caixa|nao ha usuario|nao ha conta",
    },
    // Polish.
    Language {
        who: "uzytkownik*|odbiorc*|adresat*|skrzynk*|kont*|adres|adresu|@",
        unknown: "nie istnieje|nieznan*|nie znaleziono|nie odnaleziono|niepoprawn*|nieprawidlow*|nie ma takiego|\
             nie ma takiej|nieistniejac*|nie znany",
        whole: "brak uzytkownik*|brak odbiorc*|brak adresat*|brak kont*|brak skrzynk*",
    },
    // Dutch.
    Language {
        who: "gebruiker|gebruikersnaam|ontvanger|geadresseerde|mailbox|postbus|postvak|account|e-mailadres|adres|@",
        unknown: "onbekend*|niet bekend|niet gevonden|bestaat niet|bestaat hier niet|ongeldig*|niet geldig|\
             niet bestaand*",
        whole: "geen gebruiker|geen ontvanger|geen mailbox|geen account",
    },
    // Swedish, Danish, Norwegian.
    Language {
        who: "anvandare*|mottagare*|brevlada*|konto*|adress*|bruger*|bruker*|modtager*|mottaker*|postkasse*|\
             postboks*|e-postadress*|@",
        unknown: "okand*|finns inte|finns ej|hittades inte|hittades ej|existerar inte|existerar ej|ogiltig*|\
             kunde inte hittas|ukendt*|ukjent*|findes ikke|finnes ikke|eksisterer ikke|ugyldig*|ikke fundet|\
             ikke funnet|ingen sadan*|ingen slik*|inget sadant|ingen sadan",
        whole: "ingen anvandare|ingen mottagare|ingen bruger|ingen bruker",
    },
    // Czech and Slovak.
    Language {
        who: "uzivatel*|prijemce|prijemca|schranka|schranky|adresa|adresat|ucet|@",
        unknown: "neznam*|neexistuje|nenalezen*|neplatn*|nebyl nalezen*|nebol najden*|nenajden*",
        whole: "",
    },
    // Japanese.
    Language {
        who: "ユーザ|宛先|あて先|受信者|受取人|メールアドレス|メールボックス|アカウント|利用者|アドレス",
        unknown: "不明|存在しません|存在しない|存在致しません|見つかりません|見つからない|見つかりませんでした|無効|登録されていません|見当たりません|存在していません|はいません|がいません",
        whole: "該当するユーザ|宛先不明|あて先不明|ユーザ不明|該当者なし|ユーザなし|ユーザーなし",
    },
    // Chinese, in both scripts.
    Language {
        who: "用户|用戶|使用者|收件人|收信人|邮箱|郵箱|信箱|帐号|账号|帳號|账户|帐户|帳戶|邮件地址|郵件地址|邮件帐号|收件地址",
        unknown: "不存在|未知|无效|無效|没有找到|沒有找到|找不到|未找到|没有这个|沒有這個|没有该|無此|无此|查无|查無|未注册|未註冊",
        whole: "查无此人|查無此人",
    },
    // Russian and Ukrainian.
    Language {
        who: "пользовател*|получател*|адресат*|ящик*|абонент*|учетн*|адрес|адреса|аккаунт*|користувач*|одержувач*|\
             отримувач*|скриньк*",
        unknown: "не существует|не найден*|неизвест*|не известен|несуществующ*|неверн*|недействительн*|нет такого|\
             нет такой|отсутствует|не зарегистрирован*|не існує|не знайдено|невідом*",
        whole: "",
    },
    // Turkish.
    Language {
        who: "kullanici*|alici*|posta kutusu|hesap|hesabi|adres|adresi|e-posta|@",
        unknown: "bilinmeyen|bilinmiyor|bulunamadi|mevcut degil|gecersiz|tanimsiz|tanimli degil|boyle bir|kayitli degil",
        whole: "kullanici yok|hesap yok|alici yok",
    },
];

/// What is no recipient, and may be unknown or invalid in its place.
const OTHERS: &str = "host|hosts|hostname|domain|domains|helo|ehlo|sender|senders|from|command|commands|parameter|parameters|\
     argument|client|header|headers|mx|ip|dns|error|errors|reason|cause|character|characters|syntax|message|date|\
     attachment|credentials|password|certificate|response|sequence|server|servers|return|reverse|ptr|network|your|spf|\
     dkim|policy|database|table|store|status|state|access|quota|data|route|directory|lookup|service|connection|session|\
     protocol|key|signature|size|format|fault|problem|token|encoding|charset|permission|permissions|tenant|\
     fehler*|grund|domane|domaene|absender*|datenbank|tabelle|befehl|zertifikat|nachricht|zugriff|dienst|\
     erreur*|raison|domaine|serveur|hote|expediteur*|emetteur*|base de donnees|commande|certificat|statut|acces|\
     errore|motivo|dominio|mittente|tabella|comando|certificato|messaggio|stato|accesso|servizio|\
     razon|servidor|remitente|base de datos|tabla|mensaje|acceso|servicio|\
     erro|razao|remetente|mensagem|acesso|servico|blad|bledu|powod|domen*|serwer*|nadawc*|wiadomosc*|\
     fout|reden|domein|afzender|bericht|toegang|fel|orsak|doman|domanen|avsandare*|fejl|feil|avsender*|afsender*|\
     chyba|odesilatel*|エラー|ドメイン|サーバ|送信者|ホスト|問題|認証|理由|错误|錯誤|域名|服务器|伺服器|主机|主機|发件人|\
     寄件人|原因|ошибк*|причин*|домен*|сервер*|отправител*|хост*|hata*|sunucu*|alan adi|gonderen*|neden*";

/// What makes a server or a domain the place where somebody is not known: `the user does not exist on this server`.
const HERE: &str = "this|our|diesem|dieser|unserem|unserer|dem|der|ce|cet|cette|notre|este|esta|nuestro|nuestra|neste|nesta|nosso|\
     questo|questa|nostro|nostra|deze|dit|onze|denna|detta|tym|naszym|данном|этом|нашем|bu|本|该|此|這個|这个";

/// What joins a thing to whose it is: `the server of the recipient`.
const OF: &str = "of|the|du|de|del|della|dello|des|der|do|da|van|dell|av|for";

/// How far a recipient and what is said of it may be apart, in bytes.
const APART: usize = 40;

/// How much of a reply is read, in bytes; its lines have 512 (RFC 5321, 4.5.3.1.5).
const READ: usize = 4096;

/// Whether `text` says that a recipient is not known. Another reply within it may be about another recipient, or from
/// another time.
pub(super) fn says_unknown(text: &Text) -> bool {
    let whole = read(text);
    let another = |at: &usize| {
        let (before, from) = whole.split_at(*at);
        before.ends_with([' ', '<', '(', '\'']) && super::split_code(from).is_some_and(|(code, _)| code >= 400)
    };
    let end = whole.match_indices(['4', '5']).map(|(at, _)| at).find(another).unwrap_or(whole.len());
    let found = |words| places(text, words).filter(|place| place.1 <= end).collect::<Vec<_>>();
    LANGUAGES.iter().any(|language| {
        let unknown = found(language.unknown);
        !found(language.whole).is_empty() || !unknown.is_empty() && near(text, &found(language.who), &unknown)
    })
}

/// Whether `text` says one of `what` of a recipient, in English or the words of `who` beside.
pub(super) fn says_of_recipient(text: &Text, who: &'static str, what: &'static str) -> bool {
    let found = |words| places(text, words).collect::<Vec<_>>();
    let what = found(what);
    !what.is_empty() && (near(text, &found(WHO), &what) || near(text, &found(who), &what))
}

/// Whether `text` holds one of the words.
pub(super) fn holds_any(text: &Text, words: &'static str) -> bool {
    places(text, words).next().is_some()
}

fn read(text: &Text) -> &str {
    let text = text.as_str();
    let end = (0..=READ.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

/// Where the words stand in `text` as words of their own. Scripts without spaces have no such bounds.
fn places<'t>(text: &'t Text, words: &'static str) -> impl Iterator<Item = (usize, usize)> + 't {
    let within = read(text);
    words.split('|').filter(|word| !word.is_empty()).flat_map(move |word| {
        let (bare, open) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
        let (starts, ends) = (bare.starts_with(is_spaced), bare.ends_with(is_spaced) && !open);
        let there = text.may_hold(bare).then(|| within.match_indices(bare)).into_iter().flatten();
        // An ending belongs to its word.
        let ending = move |end: usize| within[end..].find(|c| !is_spaced(c)).map_or(within.len(), |at| end + at);
        let whole = move |end: usize| if open && bare.ends_with(is_spaced) { ending(end) } else { end };
        there.map(move |(at, found)| (at, whole(at + found.len()))).filter(move |&(at, end)| {
            !(starts && within[..at].ends_with(is_spaced) || ends && within[end..].starts_with(is_spaced))
        })
    })
}

/// Whether one of `who` and one of `what` stand close to each other, and nothing else is closer that it may be said of.
fn near(text: &Text, who: &[(usize, usize)], what: &[(usize, usize)]) -> bool {
    let whole = read(text);
    let others: Vec<(usize, usize)> = places(text, OTHERS).collect();
    let last = |before: &str, word: &str| before.strip_suffix(word).is_some_and(|head| !head.ends_with(is_spaced));
    let here = |start: usize| {
        let before = whole[..start].trim_end();
        HERE.split('|').any(|word| last(before, word))
    };
    let ends_other = |before: &str| others.iter().any(|&(_, end)| end == before.len());
    // Nobody is unknown where the recipient's server is, or the address of the host.
    let of_another = |&(start, end): &(usize, usize)| {
        let before = whole[..start].trim_end_matches([' ', '-', '\'']);
        let owner = OF.split('|').find(|word| last(before, word)).map(|word| &before[..before.len() - word.len()]);
        let after = whole[end..].trim_start_matches([' ', '-']);
        let next = whole.len() - after.len();
        let goes_on = !whole[..end].ends_with('@') && !after.starts_with("from ");
        ends_other(before)
            || owner.is_some_and(|before| ends_other(before.trim_end()))
            || goes_on && others.iter().any(|&(start, _)| start == next)
    };
    let who: Vec<(usize, usize)> = who.iter().filter(|place| !of_another(place)).copied().collect();
    let others: Vec<(usize, usize)> = others.into_iter().filter(|(start, _)| !here(*start)).collect();
    what.iter().any(|place| {
        let nearest = |all: &[(usize, usize)]| all.iter().filter_map(|other| gap(*place, *other)).min();
        nearest(&who).is_some_and(|away| away <= APART && nearest(&others).is_none_or(|other| away < other))
    })
}

/// How many bytes are between two places; none where they overlap.
fn gap(one: (usize, usize), other: (usize, usize)) -> Option<usize> {
    other.0.checked_sub(one.1).or_else(|| one.0.checked_sub(other.1))
}

/// Whether words are told apart by spaces in the letter's script.
fn is_spaced(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{0e00}'
}
