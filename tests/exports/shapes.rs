//! Objects as Exchange's cmdlets give them, written in every format that PowerShell has for them.
use nsdiag::commands::explain::EXPORT_SCRIPT;
use serde_json::{Map, Value as Json, json};
use std::fmt::Write;
use std::path::Path;

/// A property's value, with what each format makes of it.
#[derive(Clone)]
pub enum Shape {
    Null,
    Flag(bool),
    Number(i64),
    Text(String),
    /// Number and name.
    Enum(i64, &'static str),
    /// What `ToString` gives, and the properties.
    Object(String, Vec<(&'static str, Shape)>),
    List(Vec<Shape>),
    /// Seconds since 1970.
    Date(i64),
}

pub type Properties = Vec<(&'static str, Shape)>;

/// What one cmdlet gave.
pub struct Output {
    pub cmdlet: &'static str,
    /// The .NET type of its objects.
    pub kind: &'static str,
    pub objects: Vec<Properties>,
}

/// The formats that an export may have.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// Export-Clixml, in UTF-16LE as Windows PowerShell writes it.
    Clixml,
    /// ConvertTo-Json of Windows PowerShell: UTF-16LE, numbers for enumerations, `/Date()/`, inner objects as texts.
    Json51,
    /// ConvertTo-Json of PowerShell 7 with depth: names for enumerations, inner objects whole.
    Json7,
    /// One JSON document a line.
    JsonLines,
    /// Export-Csv with joined collections.
    Csv,
    /// What the script of `nsdiag explain NSD331` writes.
    Script,
}

pub const FORMATS: [Format; 6] =
    [Format::Clixml, Format::Json51, Format::Json7, Format::JsonLines, Format::Csv, Format::Script];

/// Writes an output into `folder`, under a name that tells nothing. Where there is no object, the script's wrapper says
/// of which cmdlet there is none: no other format can.
pub fn write(folder: &Path, number: usize, output: &Output, format: Format) {
    let format = if output.objects.is_empty() { Format::Script } else { format };
    let (ending, bytes) = match format {
        Format::Clixml => ("xml", wide(&clixml(output))),
        Format::Json51 => ("json", wide(&array(output, &shallow))),
        Format::Json7 => ("json", array(output, &deep).into_bytes()),
        Format::JsonLines => {
            let lines = output.objects.iter().map(|object| object_of(object, &deep).to_string() + "\n");
            ("json", lines.collect::<String>().into_bytes())
        }
        Format::Csv => ("csv", csv(output).into_bytes()),
        Format::Script => ("json", script(output).into_bytes()),
    };
    std::fs::write(folder.join(format!("file{number:02}.{ending}")), bytes).unwrap();
}

fn wide(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// The text of a value, as `"$value"` gives it.
fn text(shape: &Shape) -> String {
    match shape {
        Shape::Null => String::new(),
        Shape::Flag(flag) => if *flag { "True" } else { "False" }.into(),
        Shape::Number(number) => number.to_string(),
        Shape::Text(text) | Shape::Object(text, _) => text.clone(),
        Shape::Enum(_, name) => (*name).into(),
        Shape::List(list) => list.iter().map(text).collect::<Vec<_>>().join(","),
        Shape::Date(seconds) => date(*seconds),
    }
}

fn date(seconds: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

fn object_of(object: &Properties, value: &dyn Fn(&Shape) -> Json) -> Json {
    Json::Object(object.iter().map(|(name, shape)| ((*name).to_string(), value(shape))).collect::<Map<_, _>>())
}

/// An array, or the one object alone.
fn array(output: &Output, value: &dyn Fn(&Shape) -> Json) -> String {
    let objects: Vec<Json> = output.objects.iter().map(|object| object_of(object, value)).collect();
    let json = if objects.len() == 1 { objects[0].clone() } else { Json::Array(objects) };
    serde_json::to_string_pretty(&json).unwrap()
}

fn shallow(shape: &Shape) -> Json {
    match shape {
        Shape::Null => Json::Null,
        Shape::Flag(flag) => json!(flag),
        Shape::Number(number) | Shape::Enum(number, _) => json!(number),
        Shape::Text(text) | Shape::Object(text, _) => json!(text),
        Shape::List(list) => list.iter().map(|one| json!(text(one))).collect(),
        Shape::Date(seconds) => json!(format!("/Date({})/", seconds * 1000)),
    }
}

fn deep(shape: &Shape) -> Json {
    match shape {
        Shape::Enum(_, name) => json!(name),
        Shape::Object(_, fields) => object_of(fields, &deep),
        Shape::List(list) => list.iter().map(deep).collect(),
        Shape::Date(seconds) => json!(date(*seconds)),
        other => shallow(other),
    }
}

fn csv(output: &Output) -> String {
    let quoted = |cells: Vec<String>| {
        let cells: Vec<_> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        cells.join(";") + "\r\n"
    };
    let mut all = format!("#TYPE {}\r\n", output.kind);
    all += &quoted(output.objects[0].iter().map(|(name, _)| (*name).to_string()).collect());
    for object in &output.objects {
        all += &quoted(object.iter().map(|(_, shape)| text(shape)).collect());
    }
    all
}

/// The properties that the script asks of a cmdlet.
fn asked(cmdlet: &str) -> Vec<&'static str> {
    let list = |from: &str| -> Vec<&'static str> {
        let (_, rest) = EXPORT_SCRIPT.split_once(from).unwrap();
        rest.split('\'').next().unwrap().split_whitespace().collect()
    };
    let of_recipients = || list("$recipient = -split '");
    let own = match cmdlet {
        "Get-Recipient" | "Get-DistributionGroup" => of_recipients(),
        "Get-Mailbox" => [of_recipients(), list("$recipient + (-split '")].concat(),
        _ => list(&format!("'{cmdlet}' = -split '")),
    };
    [list("$properties = -split '"), own].concat()
}

fn script(output: &Output) -> String {
    let size = if output.cmdlet == "Get-Recipient" { "\"resultSize\":\"Unlimited\"," } else { "" };
    let mut all = format!("{{\"cmdlet\":\"{}\",{size}\"objects\":[", output.cmdlet);
    let asked = asked(output.cmdlet);
    for (at, object) in output.objects.iter().enumerate() {
        let known: Properties = object.iter().filter(|(name, _)| asked.contains(name)).cloned().collect();
        let plain = |shape: &Shape| match shape {
            Shape::Null => Json::Null,
            Shape::Flag(flag) => json!(flag),
            Shape::List(list) => list.iter().map(|one| json!(text(one))).collect(),
            other => json!(text(other)),
        };
        let between = if at == 0 { "" } else { "," };
        write!(all, "{between}\n{}", object_of(&known, &plain)).unwrap();
    }
    all + "\n]}\n"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\n', "_x000A_")
}

fn clixml(output: &Output) -> String {
    let mut all =
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\r\n".to_string();
    let mut id = 0;
    for (at, object) in output.objects.iter().enumerate() {
        let types = match at {
            0 => format!("<TN RefId=\"0\"><T>Deserialized.{}</T><T>Deserialized.System.Object</T></TN>", output.kind),
            _ => "<TNRef RefId=\"0\" />".into(),
        };
        write!(all, "  <Obj RefId=\"{id}\">{types}<ToString>x</ToString><Props>").unwrap();
        id += 1;
        for (name, shape) in object {
            element(&mut all, Some(name), shape, &mut id);
        }
        all += "</Props><MS><S N=\"PSComputerName\">exch01</S></MS></Obj>\r\n";
    }
    all + "</Objs>"
}

fn element(all: &mut String, name: Option<&str>, shape: &Shape, id: &mut usize) {
    let name = name.map(|name| format!(" N=\"{name}\"")).unwrap_or_default();
    let object = |id: &mut usize| {
        *id += 1;
        format!("<Obj{name} RefId=\"{}\">", *id - 1)
    };
    *all += &match shape {
        Shape::Null => format!("<Nil{name} />"),
        Shape::Flag(flag) => format!("<B{name}>{flag}</B>"),
        Shape::Number(number) => format!("<I32{name}>{number}</I32>"),
        Shape::Text(text) => format!("<S{name}>{}</S>", escape(text)),
        Shape::Date(seconds) => format!("<DT{name}>{}</DT>", date(*seconds)),
        Shape::Enum(number, text) => format!("{}<ToString>{text}</ToString><I32>{number}</I32></Obj>", object(id)),
        Shape::List(list) => {
            let mut inner = object(id) + "<LST>";
            list.iter().for_each(|one| element(&mut inner, None, one, id));
            inner + "</LST></Obj>"
        }
        Shape::Object(text, fields) => {
            let mut inner = object(id) + &format!("<ToString>{}</ToString><Props>", escape(text));
            fields.iter().for_each(|(name, shape)| element(&mut inner, Some(name), shape, id));
            inner + "</Props></Obj>"
        }
    };
}
