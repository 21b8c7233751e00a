//! What a check found, as people and as programs read it.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

/// One check's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, one of a closed list of words.
    pub check: &'static str,
    /// Of what: a name in the configuration, a topic, a folder, an address.
    pub target: String,
    /// How it is.
    pub result: Verdict,
    /// What was found.
    pub value: String,
    /// What to do; none where nothing is to be done.
    #[serde(rename = "do", serialize_with = "or_empty")]
    pub remedy: Option<String>,
}

fn or_empty<S: Serializer>(remedy: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(remedy.as_deref().unwrap_or_default())
}

impl Finding {
    fn new(check: &'static str, target: &str, result: Verdict, value: String, remedy: Option<String>) -> Finding {
        Finding { check, target: target.to_owned(), result, value, remedy }
    }

    /// All is well.
    pub fn ok(check: &'static str, target: &str, value: impl Into<String>) -> Finding {
        Finding::new(check, target, Verdict::Ok, value.into(), None)
    }

    /// Somebody should look at it.
    pub fn warn(check: &'static str, target: &str, value: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding::new(check, target, Verdict::Warn, value.into(), Some(remedy.into()))
    }

    /// It does not work.
    pub fn fail(check: &'static str, target: &str, value: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding::new(check, target, Verdict::Fail, value.into(), Some(remedy.into()))
    }
}

/// Writes findings for people: one line each, and below it what to do.
pub fn write(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for Finding { check, target, result, value, remedy } in findings {
        let result = match result {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        // An answer of somebody else's may have lines of its own: a finding has one.
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(out, "{result:<4}  {check} {target}: {value}")?;
        if let Some(remedy) = remedy {
            writeln!(out, "      do: {remedy}")?;
        }
    }
    Ok(())
}

/// Writes findings as one JSON list.
pub fn write_json(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, findings)?;
    out.write_all(b"\n")
}

/// `1 failed, 2 warnings, 9 well`.
pub fn sum(findings: &[Finding]) -> String {
    let of = |verdict| findings.iter().filter(|finding| finding.result == verdict).count();
    let warnings = match of(Verdict::Warn) {
        1 => "1 warning".to_owned(),
        n => format!("{n} warnings"),
    };
    format!("{} failed, {warnings}, {} well", of(Verdict::Fail), of(Verdict::Ok))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_to_do_another() {
        let findings = [
            Finding::ok("store", "data", "writable"),
            Finding::fail("brokers", "main", "refused:\n nobody listens", "start it"),
            Finding::warn("disk", "data", "1 GiB free", "make room"),
        ];
        let mut text = Vec::new();
        write(&mut text, &findings).unwrap();
        let expected = "ok    store data: writable\nfail  brokers main: refused: nobody listens\n      do: start it\n\
                        warn  disk data: 1 GiB free\n      do: make room\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let mut json = Vec::new();
        write_json(&mut json, &findings).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let expected =
            serde_json::json!({"check": "store", "target": "data", "result": "ok", "value": "writable", "do": ""});
        assert_eq!(json[0], expected);
        assert_eq!((&json[1]["result"], &json[1]["do"]), (&"fail".into(), &"start it".into()));
        assert_eq!(sum(&findings), "1 failed, 1 warning, 1 well");
    }
}
