//! The annotation as one JSON object.

use myc_schema::hex::hex;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Shown;

#[derive(Serialize)]
struct AnnotationJson<'a> {
    message: Option<&'a str>,
    type_id: Option<u16>,
    size: Option<u32>,
    found: usize,
    accepted: bool,
    redacted: bool,
    parts: Vec<PartJson<'a>>,
    faults: Vec<FaultJson<'a>>,
}

#[derive(Serialize)]
struct PartJson<'a> {
    offset: usize,
    size: usize,
    #[serde(rename = "use")]
    usage: &'static str,
    path: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
    bytes: Option<String>,
    value: Option<Box<RawValue>>,
    words: Option<&'a str>,
    unit: Option<&'a str>,
    judged: bool,
}

#[derive(Serialize)]
struct FaultJson<'a> {
    code: String,
    path: &'a str,
    offset: usize,
    size: usize,
    message: Option<&'a str>,
}

/// The object, with a final line end.
pub fn print(shown: &Shown<'_>) -> String {
    let open = !shown.redacted;
    let digits = |offset: usize, size: usize| {
        let bytes = &shown.bytes[offset..offset + size];
        format!("0x{}", hex(bytes))
    };
    let header = shown.header.iter().map(|part| PartJson {
        offset: part.offset,
        size: part.size,
        usage: "header",
        path: "",
        ty: part.ty,
        bytes: Some(digits(part.offset, part.size)),
        value: None,
        words: Some(&part.words),
        unit: None,
        judged: true,
    });
    let parts = shown.annotation.parts.iter().map(|part| {
        let offset = shown.payload_at + part.offset;
        PartJson {
            offset,
            size: part.size,
            usage: part.kind.name(),
            path: &part.path,
            ty: &part.ty,
            bytes: open.then(|| digits(offset, part.size)),
            value: part.json.clone().filter(|_| open).and_then(|json| RawValue::from_string(json).ok()),
            words: Some(&part.words),
            unit: part.unit.as_deref(),
            judged: part.judged,
        }
    });
    let header_fault = shown.header_fault.iter().map(|words| {
        let (code, detail) = words.split_once(": ").unwrap_or((words, ""));
        let (offset, size) = if code == "type_id" { (0, 2) } else { (2, 4) };
        FaultJson { code: code.to_owned(), path: "", offset, size, message: Some(detail) }
    });
    let faults = shown.annotation.faults.iter().map(|fault| FaultJson {
        code: fault.error.code.to_string(),
        path: &fault.error.path,
        offset: shown.payload_at + fault.bytes.start,
        size: fault.bytes.len(),
        message: Some(&*fault.error.detail).filter(|detail| !detail.is_empty()),
    });
    let json = AnnotationJson {
        message: shown.message.map(|message| &*message.name),
        type_id: shown.message.map(|message| message.type_id),
        size: shown.message.map(|message| message.layout.size),
        found: shown.bytes.len(),
        accepted: shown.faults() == 0,
        redacted: shown.redacted,
        parts: header.chain(parts).collect(),
        faults: header_fault.chain(faults).collect(),
    };
    // Plain structs of numbers and strings always have JSON.
    let mut text = serde_json::to_string_pretty(&json).unwrap_or_default();
    text.push('\n');
    text
}
