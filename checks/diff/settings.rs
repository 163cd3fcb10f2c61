//! What was asked of whom, and from where.
use super::fields;
use super::parts::{Item, Part, field, known, set, yes};
use crate::prelude::*;
use crate::report::Report;

/// What says nothing of the question, or has an item of its own.
const ASIDE: [&str; 4] = ["random", "second random", "domain", "systems"];

pub(super) fn parts(report: &Report) -> Vec<Part> {
    let run = &report.run;
    let mut settings = fields::item("", "", &run.settings);
    settings.fields.retain(|(name, _)| !ASIDE.contains(&&**name));
    let systems = run.settings.systems.iter().map(|system| fields::item("system", &system.name, system));
    let items: Vec<Item> = [settings].into_iter().chain(systems).collect();
    let view = vec![
        field("host", known(&run.vantage.hostname)),
        field("addresses", set(run.vantage.addresses.iter().cloned())),
        field("asked all that it meant to ask", yes(run.complete)),
    ];
    vec![Part::one("vantage point", "the run", view), Part::new("settings", "the run", Observed::Known(items))]
}
