//! The report for whoever would rather look than read: one page, which asks nobody for anything and is whole without its script.
mod about;
mod commands;
mod dialogues;
mod evidence;
mod findings;
mod objects;
mod page;
mod picture;
mod recipients;

use super::format::{Format, Holds};

/// For people, with a picture.
pub const FORMAT: Format = Format {
    name: "html",
    about: "For people: one page for a browser, with a picture of the mail path",
    endings: &["html"],
    exact: false,
    holds: Holds::Everything,
    write: |report, view, out| out.write_all(page::page(report, view).into_string().as_bytes()),
};
