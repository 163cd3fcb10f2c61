//! Workbooks of Excel (ECMA-376). A workbook is a zip archive, so what it unpacks to is measured before anything reads it.
use super::sheet::{Count, Row, Sheet, take};
use super::taken::Taken;
use super::words::shown;
use calamine::{DataRef, Reader as _, SheetVisible, Xlsx, XlsxError};
use std::borrow::Cow;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The most bytes that a workbook may unpack to.
const UNPACKED: u64 = 256 * 1024 * 1024;
/// The most files in one.
const PARTS: usize = 10_000;

/// Whether it is one, or something else in a zip archive.
pub fn tells(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Reads it.
///
/// # Errors
/// In words, behind the file's name.
pub fn read(bytes: &[u8], taken: &mut Taken) -> Result<String, String> {
    measure(bytes, UNPACKED)?;
    // Where the reader panics, the list is lost and not the run.
    let sheets = catch_unwind(AssertUnwindSafe(|| sheets(bytes)));
    let mut sheets = sheets.unwrap_or_else(|_| Err(": it is no workbook that can be read".into()))?;
    sheets.retain(|(_, sheet)| !sheet.rows.is_empty());
    let several = sheets.len() > 1;
    let mut wrong = None;
    for (hidden, sheet) in sheets {
        let name = shown(&sheet.name);
        let addresses = sheet.rows_with_addresses();
        if hidden {
            taken.aside(format!("rows with addresses in the hidden sheet '{name}'"), addresses);
            continue;
        }
        taken.part = if several { format!("sheet '{name}'") } else { String::new() };
        if let Err(why) = take(&sheet, taken) {
            taken.aside(format!("rows with addresses in the sheet '{name}'"), addresses);
            wrong.get_or_insert(why);
        }
    }
    match wrong {
        Some(why) if taken.is_empty() => Err(why),
        _ => Ok("XLSX".into()),
    }
}

/// Unpacks every part and throws it away, so that a part that unpacks without end is met here.
fn measure(bytes: &[u8], most: u64) -> Result<(), String> {
    let damaged = |error: String| format!(": it is a damaged zip archive: {}", shown(&error));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
    if archive.len() > PARTS {
        return Err(format!(": it is a zip archive of more than {PARTS} files"));
    }
    let mut left = most;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|error| damaged(error.to_string()))?;
        let name = part.name().map_err(|error| damaged(error.to_string()))?;
        let texts = name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut content = Vec::new();
        let mut part = part.take(left + 1);
        let size = match texts {
            true => part.read_to_end(&mut content).map(|size| size as u64),
            false => std::io::copy(&mut part, &mut std::io::sink()),
        };
        let size = size.map_err(|error| damaged(error.to_string()))?;
        left = left.checked_sub(size).ok_or_else(|| format!(": it unpacks to more than {} MiB", most >> 20))?;
        if promises_too_much(&content) {
            return Err(": it is no workbook that can be read: it promises more texts than it has".into());
        }
    }
    Ok(())
}

/// Whether a table of texts says that there are more than can be in it: calamine makes room for as many as it says.
fn promises_too_much(part: &[u8]) -> bool {
    const NAME: &[u8] = b"uniqueCount";
    // In another encoding that name would not be found.
    let odd = part.starts_with(&[0xff]) || part.starts_with(&[0xfe]);
    let odd = odd || part.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n'));
    let too_many = |at: usize| {
        let digits = part[at + NAME.len()..].iter().skip_while(|byte| !byte.is_ascii_digit());
        let digits: Vec<u8> = digits.copied().take_while(u8::is_ascii_digit).take(20).collect();
        let count = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse::<usize>().ok());
        // `<si/>` is the shortest of them.
        count.unwrap_or(usize::MAX) > part.len() / 5
    };
    odd || part.windows(NAME.len()).enumerate().any(|(at, window)| window == NAME && too_many(at))
}

/// Every sheet, and whether it is hidden.
fn sheets(bytes: &[u8]) -> Result<Vec<(bool, Sheet<'static>)>, String> {
    let bad = |error: XlsxError| format!(": it is no workbook that can be read: {}", shown(&error.to_string()));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(bad)?;
    let listed =
        book.sheets_metadata().iter().map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible));
    let listed: Vec<(String, bool)> = listed.collect();
    let mut count = Count::default();
    let mut all = Vec::new();
    for (name, hidden) in listed {
        let mut reader = match book.worksheet_cells_reader(&name) {
            Ok(reader) => reader,
            // A chart has a sheet of its own.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(bad(error)),
        };
        let mut rows: Vec<Row<'static>> = Vec::new();
        while let Some(cell) = reader.next_cell().map_err(bad)? {
            let (row, column) = cell.get_position();
            let (line, column) = (row as usize + 1, column as usize);
            let text = text(cell.get_value());
            if text.trim().is_empty() {
                continue;
            }
            count.more(1)?;
            if rows.last().is_none_or(|row| row.line != line) {
                rows.push(Row { line, ..Row::default() });
            }
            if let Some(row) = rows.last_mut() {
                row.width = row.width.max(column + 1);
                row.cells.push((column, Cow::Owned(text.trim().into())));
            }
        }
        // In a sheet the empty cells behind a row's last one are there as well.
        let width = rows.iter().map(|row| row.width).max().unwrap_or(0);
        rows.iter_mut().for_each(|row| row.width = width);
        all.push((hidden, Sheet::with_heading_inside(name, rows)));
    }
    Ok(all)
}

fn text(value: &DataRef) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).into(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(_) => "a date".into(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn a_workbook_that_promises_or_unpacks_to_more_than_there_may_be_is_refused_before_it_is_read() {
        let zeros = vec![0; 3 << 20];
        let bomb =
            archive(&[("xl/worksheets/sheet1.xml", &zeros[..2 << 20]), ("xl/media/image1.png", &zeros[..1 << 20])]);
        assert!(bomb.len() < 16 * 1024, "it is small as long as it is packed");
        assert_eq!(measure(&bomb, 3 << 20), Ok(()));
        assert_eq!(measure(&bomb, (3 << 20) - 1), Err(": it unpacks to more than 2 MiB".into()));
        let texts = |text: &[u8]| measure(&archive(&[("xl/SharedStrings.xml", text)]), UNPACKED);
        let too_many = Err(": it is no workbook that can be read: it promises more texts than it has".into());
        assert_eq!(texts(b"<sst uniqueCount=\"1\"><si><t>a</t></si></sst>"), Ok(()));
        assert_eq!(texts(b"<sst uniqueCount=\"99999999999\"><si><t>a</t></si></sst>"), too_many);
        assert_eq!(texts(b"<sst uniqueCount=\"\"><si><t>a</t></si></sst>"), too_many);
        assert_eq!(texts(b"<sst uniq\x1b(BueCount=\"99999999999\"></sst>"), too_many, "in another encoding");
        let other = archive(&[("word/document.xml", b"<w:document>a@contoso.com</w:document>")]);
        let refused = read(&other, &mut Taken::new(None)).unwrap_err();
        assert!(refused.starts_with(": it is no workbook that can be read"), "{refused}");
    }
}
