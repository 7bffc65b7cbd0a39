//! The compiler's findings as an editor shows them, and what it suggests about them as edits.

use std::ops::Range;

use gen_lsp_types::{
    Code, CodeAction, CodeActionContext, CodeActionKind, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity,
    Location, Message, PublishDiagnosticsParams, TextEdit, Uri, WorkspaceEdit,
};
use myc_schema::diag::{self, Severity};
use myc_schema::fix;

use super::document::{Document, is_place};
use super::rpc::Outgoing;

/// What the client is told about a text.
pub fn published(uri: &Uri, document: &Document, found: &[diag::Diagnostic]) -> Outgoing {
    let diagnostics = found.iter().map(|found| diagnostic(uri, document, found)).collect();
    publish(PublishDiagnosticsParams { uri: uri.clone(), version: Some(document.version), diagnostics })
}

/// That there is nothing any more to be said about a text.
pub fn none(uri: Uri) -> Outgoing {
    publish(PublishDiagnosticsParams { uri, version: None, diagnostics: Vec::new() })
}

fn publish(params: PublishDiagnosticsParams) -> Outgoing {
    Outgoing::notification("textDocument/publishDiagnostics", &params)
}

fn diagnostic(uri: &Uri, document: &Document, found: &diag::Diagnostic) -> Diagnostic {
    let mut words = found.message.clone();
    if let Some(help) = &found.help {
        words.push_str("\nhelp: ");
        words.push_str(help);
    }
    let related = found.related.iter().map(|(span, message)| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: document.span(*span) },
        message: message.clone(),
    });
    let related: Vec<_> = related.collect();
    Diagnostic {
        range: document.span(found.span.unwrap_or_default()),
        severity: Some(match found.severity() {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(Code::String(found.code.id.to_owned())),
        source: Some("myc-schema".to_owned()),
        message: Message::String(words),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}

/// Whether a client wants actions of a kind.
pub fn wanted(context: &CodeActionContext, kind: &CodeActionKind) -> bool {
    let kind = String::from(kind.clone());
    context.only.as_ref().is_none_or(|only| {
        only.iter().any(|only| {
            let only = String::from(only.clone());
            kind == only || kind.starts_with(&format!("{only}.")) || only.is_empty()
        })
    })
}

/// The suggestions about what is in a range.
pub fn quick_fixes(
    uri: &Uri,
    document: &Document,
    found: &[diag::Diagnostic],
    wanted: &Range<usize>,
) -> Vec<CodeAction> {
    let touches = |found: &&diag::Diagnostic| {
        found.span.is_some_and(|span| span.start as usize <= wanted.end && wanted.start <= span.end as usize)
    };
    let fix = |found: &diag::Diagnostic| {
        let suggestion = found.suggestion.as_ref()?;
        let range = suggestion.span.start as usize..suggestion.span.end as usize;
        let old = document.text.get(range.clone())?;
        let edit = TextEdit { range: document.range(range), new_text: suggestion.replacement.clone() };
        Some(CodeAction {
            title: format!("Replace `{}` with `{}`", shortened(old), shortened(&suggestion.replacement)),
            kind: Some(CodeActionKind::QuickFix),
            diagnostics: Some(vec![diagnostic(uri, document, found)]),
            is_preferred: Some(true),
            edit: Some(changes(uri, vec![edit])),
            ..CodeAction::default()
        })
    };
    found.iter().filter(touches).filter_map(fix).collect()
}

/// All suggestions that are sure, as one edit. It takes several looks at the text.
pub fn fix_all(uri: &Uri, document: &Document) -> Option<CodeAction> {
    let edits = replaced(document, &fix::fix(&document.text).text);
    (!edits.is_empty()).then(|| CodeAction {
        title: "Mend all that leaves no doubt".to_owned(),
        kind: Some(CodeActionKind::SourceFixAll),
        edit: Some(changes(uri, edits)),
        ..CodeAction::default()
    })
}

fn changes(uri: &Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some([(uri.clone(), edits)].into_iter().collect()), ..WorkspaceEdit::default() }
}

/// The edit that makes a document another text: of what differs, so that a cursor elsewhere stays where it is.
pub fn replaced(document: &Document, new: &str) -> Vec<TextEdit> {
    let old = &*document.text;
    if old == new {
        return Vec::new();
    }
    let same = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let start = (0..=same).rev().find(|at| is_place(old, *at)).unwrap_or(0);
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let same = old_rest.bytes().rev().zip(new_rest.bytes().rev()).take_while(|(old, new)| old == new).count();
    let end = (0..=same).rev().find(|back| is_place(old, old.len() - back)).unwrap_or(0);
    let new_text = new_rest[..new_rest.len() - end].to_owned();
    vec![TextEdit { range: document.range(start..old.len() - end), new_text }]
}

/// A text that fits into a menu.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
