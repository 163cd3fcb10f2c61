//! Exports larger than memory should be: read object by object.
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

/// The most memory that reading any export may take, in KiB.
const MOST: u64 = 150 * 1024;

/// How many recipients there are. A hundred thousand stay below the limit too, and take a debug build minutes.
const COUNT: usize = 30_000;

/// Runs `nsdiag check` on an export as a process of its own: its exit status, its report, and the most memory it took.
fn check(folder: &Path, export: &Path) -> (i32, serde_json::Value, u64) {
    let report = folder.join("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_nsdiag"))
        .args(["check", "contoso.com", "-c", "/dev/null", "--only", "exchange,NSD411", "--resolver", "127.0.0.1:1"])
        .args([
            "--timeout",
            "1",
            "--deadline",
            "300",
            "--recipient",
            "u7777@contoso.com",
            "--recipient",
            "no@contoso.com",
        ])
        .args(["--gateway", "127.0.0.1:1", "--other", "127.0.0.1:1"])
        .arg("--exchange-export")
        .arg(export)
        .arg("-o")
        .arg(&report)
        .current_dir(folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(peak);
        if let Some(code) = child.try_wait().unwrap() {
            break code.code().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    (code, serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap(), peak)
}

#[test]
fn recipients_of_300_megabytes_are_read_within_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipients.xml");
    let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">").unwrap();
    let noise = "QUJD".repeat(2_400);
    for number in 0..COUNT {
        let types = match number {
            0 => "<TN RefId=\"0\"><T>Microsoft.Exchange.Data.Directory.Management.ReducedRecipient</T></TN>",
            _ => "<TNRef RefId=\"0\" />",
        };
        // The last has an address of the first.
        let alias = if number == COUNT - 1 { 0 } else { number };
        writeln!(
            file,
            "<Obj RefId=\"{number}\">{types}<Props><S N=\"Name\">u{number}</S><S N=\"DistinguishedName\">CN=u{number},DC=x</S>\
             <Obj N=\"EmailAddresses\" RefId=\"a{number}\"><LST><S>SMTP:u{number}@contoso.com</S><S>smtp:alias{alias}@contoso.com</S>\
             <S>X500:/o=x/cn=u{number}</S></LST></Obj><S N=\"PrimarySmtpAddress\">u{number}@contoso.com</S>\
             <Obj N=\"RecipientTypeDetails\" RefId=\"t{number}\"><ToString>UserMailbox</ToString><I64>1</I64></Obj>\
             <Nil N=\"ExternalEmailAddress\" /></Props><MS><BA N=\"SerializationData\">{noise}</BA></MS></Obj>"
        )
        .unwrap();
    }
    writeln!(file, "</Objs>").unwrap();
    drop(file);
    assert!(std::fs::metadata(&path).unwrap().len() > 280_000_000);
    let (_, report, peak) = check(folder.path(), &path);
    let directory = &report["evidence"]["directories"][0];
    assert_eq!(directory["exports"][0]["objects"]["known"], COUNT, "{}", directory["exports"]);
    assert_eq!(directory["population"]["known"]["by_state"]["mailbox"], COUNT);
    let lookups = directory["lookups"].as_array().unwrap();
    let of = |address: &str| {
        let lookup = lookups.iter().find(|lookup| lookup["address"] == address).unwrap();
        lookup["entries"]["known"].as_array().unwrap().len()
    };
    assert_eq!((of("no@contoso.com"), of("u7777@contoso.com")), (0, 1));
    assert!(lookups.len() < 200, "of one kind some are named: {}", lookups.len());
    let shared: Vec<_> = directory["noteworthy"]["known"].as_array().unwrap().iter().map(|one| &one["dn"]).collect();
    assert_eq!(shared, ["CN=u0,DC=x", "CN=u29999,DC=x"]);
    println!("peak {peak} KiB");
    assert!(peak > 0 && peak < MOST, "{peak} KiB");
}

#[test]
fn hostile_sizes_end_within_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let head = "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";
    let text = "x".repeat(1 << 20);
    type Fill<'a> = &'a dyn Fn(&mut dyn Write);
    let cases: [(&str, Fill); 5] = [
        ("text.xml", &|file| {
            write!(file, "{head}<Obj><Props><S N=\"Name\">").unwrap();
            (0..300).for_each(|_| file.write_all(text.as_bytes()).unwrap());
        }),
        ("tag.xml", &|file| {
            write!(file, "{head}<").unwrap();
            (0..300).for_each(|_| file.write_all(text.as_bytes()).unwrap());
        }),
        ("text.json", &|file| {
            file.write_all(b"[{\"Name\": \"").unwrap();
            (0..300).for_each(|_| file.write_all(text.as_bytes()).unwrap());
        }),
        ("values.json", &|file| {
            file.write_all(b"[{\"Name\": [").unwrap();
            (0..100_000_000 / 200).for_each(|_| file.write_all("0,".repeat(100).as_bytes()).unwrap());
        }),
        ("cell.csv", &|file| {
            file.write_all(b"\"DomainName\",\"DomainType\"\n\"").unwrap();
            (0..300).for_each(|_| file.write_all(text.as_bytes()).unwrap());
        }),
    ];
    for (name, fill) in cases {
        let path = folder.path().join(name);
        let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
        fill(&mut file);
        drop(file);
        let (_, report, peak) = check(folder.path(), &path);
        let miss = &report["evidence"]["directories"][0]["exports"][0]["objects"]["unknown"];
        assert_eq!(miss["how"], "too-large", "{name}: {miss}");
        println!("{name}: peak {peak} KiB");
        assert!(peak > 0 && peak < MOST, "{name}: {peak} KiB");
        std::fs::remove_file(&path).unwrap();
    }
}
