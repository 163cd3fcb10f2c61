//! Which commands of a step each of its undos takes back: a step that failed in the middle was done in part.
use super::Command;
use crate::prelude::*;

/// What an undo takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undoes {
    /// Nothing: it only reads, or has this session see something.
    Nothing,
    /// Any of these commands, by their place in the step.
    Any(Vec<usize>),
    /// The step as a whole.
    Whole,
}

/// What each of `undo` takes back of `commands`.
pub fn inverse(commands: &[Command], undo: &[Command]) -> Vec<Undoes> {
    let changing = |one: &Command| !one.reads() && !one.synchronises();
    let which = |fits: &dyn Fn(&Command) -> bool| -> Vec<usize> {
        (0..commands.len()).filter(|at| changing(&commands[*at]) && fits(&commands[*at])).collect()
    };
    let mut all: Vec<Undoes> = undo
        .iter()
        .map(|back| {
            if back.reads() {
                return Undoes::Nothing;
            }
            let every = (0..commands.len()).filter(|at| !commands[*at].reads());
            if back.synchronises() {
                return Undoes::Any(every.collect());
            }
            let exactly = which(&|one| is_of_same_kind(one, back) && is_of_same_object(one, back));
            let nearly = which(&|one| is_of_same_object(one, back));
            let kind = which(&|one| is_of_same_kind(one, back));
            let only = which(&|_| true);
            let few = |some: &Vec<usize>| some.len() == 1;
            let of = [exactly, nearly].into_iter().find(|some| !some.is_empty());
            of.or_else(|| [kind, only].into_iter().find(few)).map_or(Undoes::Whole, Undoes::Any)
        })
        .collect();
    // A command that no undo fits best is taken back by those of its object.
    for at in which(&|_| true) {
        let takes = |one: &Undoes| matches!(one, Undoes::Any(some) if some.contains(&at));
        if all.iter().zip(undo).any(|(one, back)| takes(one) && !back.synchronises()) {
            continue;
        }
        for (one, back) in all.iter_mut().zip(undo) {
            if let Undoes::Any(some) = one
                && is_of_same_object(&commands[at], back)
            {
                some.push(at);
            }
        }
    }
    all
}

fn is_of_same_object(one: &Command, other: &Command) -> bool {
    matches!((one.object(), other.object()), (Some(one), Some(other)) if one.eq_ignore_ascii_case(other))
}

/// Whether they are about one kind of thing and, where both set something of it, about the same of that.
fn is_of_same_kind(one: &Command, other: &Command) -> bool {
    let ((verb, noun), (back, its)) = (one.verb_and_noun(), other.verb_and_noun());
    let sets = verb == "Set" && back == "Set";
    noun == its && (!sets || one.parameters().iter().any(|parameter| other.parameters().contains(parameter)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::Cmdlet;

    #[test]
    fn an_undo_takes_back_the_commands_that_it_fits() {
        let set = |noun, name: &str| Cmdlet::of("Set", noun).with("Identity", name);
        let connector = || set("SendConnector", "To Zimbra");
        let domain = || set("AcceptedDomain", "a.com");
        let sync = || Cmdlet::new("Start-EdgeSynchronization").with("Server", "EXCH01");
        let forest = || Cmdlet::new("Set-ADServerSettings").bool("ViewEntireForest", true);
        let add =
            || Cmdlet::new("New-MailContact").with("Name", "ben at a.com").with("ExternalEmailAddress", "ben@a.com");
        let remove = || Cmdlet::new("Remove-MailContact").with("Identity", "Ben@a.com");
        let attribute = |dn: &str| set("ADObject", dn).word("Clear", "targetAddress");
        let enable =
            |dn: &str| Cmdlet::new("Enable-MailUser").with("Identity", dn).with("ExternalEmailAddress", "b@a.com");
        use Undoes::{Any, Nothing, Whole};
        let cases = [
            // Two of one object, by what they set; and what Edge servers learn after either.
            (
                vec![
                    connector().bool("Enabled", true),
                    connector().with("SmartHosts", "b"),
                    domain().null("CatchAllRecipient"),
                    sync(),
                ],
                vec![
                    domain().with("CatchAllRecipient", "x"),
                    connector().with("SmartHosts", "a"),
                    connector().bool("Enabled", false),
                    sync(),
                ],
                vec![Any(vec![2]), Any(vec![1]), Any(vec![0]), Any(vec![0, 1, 2, 3])],
            ),
            // A recipient that is made by one name and removed by another; what only reads takes nothing back.
            (vec![forest(), add()], vec![forest(), remove()], vec![Nothing, Any(vec![1])]),
            // Another cmdlet for the same object.
            (
                vec![enable("CN=a"), enable("CN=b")],
                vec![attribute("CN=a"), attribute("CN=b")],
                vec![Any(vec![0]), Any(vec![1])],
            ),
            // One that undoes two.
            (
                vec![connector().number("Port", 26), connector().bool("Enabled", true)],
                vec![connector().number("Port", 25).bool("Enabled", false)],
                vec![Any(vec![0, 1])],
            ),
            // One that fits none of several, and one that can but be of the only one.
            (vec![connector().number("Port", 26), add()], vec![attribute("CN=c")], vec![Whole]),
            (vec![add(), sync()], vec![attribute("CN=c")], vec![Any(vec![0])]),
        ];
        for (commands, undo, expected) in cases {
            let [commands, undo] =
                [commands, undo].map(|all| all.into_iter().map(Into::into).collect::<Vec<Command>>());
            assert_eq!(inverse(&commands, &undo), expected, "{undo:?}");
        }
    }

    #[test]
    fn a_command_that_no_undo_fits_best_is_taken_back_with_its_object() {
        let set = || Cmdlet::new("Set-MailContact").with("Identity", "CN=a");
        let commands =
            [set().with("PrimarySmtpAddress", "b@a.com"), set().change("EmailAddresses", "Remove", "smtp:a@a.com")];
        let undo = [set().list("EmailAddresses", ["SMTP:a@a.com"])];
        let [commands, undo] =
            [commands.to_vec(), undo.to_vec()].map(|all| all.into_iter().map(Into::into).collect::<Vec<_>>());
        assert_eq!(inverse(&commands, &undo), [Undoes::Any(vec![1, 0])]);
    }
}
