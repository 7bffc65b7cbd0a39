//! The server: which texts are open, what is known about them, and an answer to each request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use gen_lsp_types::{
    Code, CodeAction, CodeActionContext, CodeActionKind, CodeActionParams, CompletionParams, CompletionResponse,
    Contents, Definition, DefinitionParams, DefinitionResponse, Diagnostic, DiagnosticRelatedInformation,
    DiagnosticSeverity, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingParams, DocumentSymbolParams, DocumentSymbolResponse, Hover, HoverParams, Location,
    MarkupContent, MarkupKind, Message, PublishDiagnosticsParams, TextEdit, Uri, WorkspaceEdit,
};
use indexmap::IndexMap;
use lsp_server::{Connection, ErrorCode, Notification, Request, Response};
use myc_schema::diag::Severity;
use myc_schema::ir::{DigestKind, Schema};
use myc_schema::{fix, fmt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::analysis::{self, Analysis};
use super::document::Document;
use super::{complete, hover, navigate, target};

/// How long an answer waits for the compiler to have seen the newest text, before it goes by an earlier one.
const PATIENCE: Duration = Duration::from_millis(25);

/// How long an answer waits that is wrong if it goes by an earlier text.
const NEEDED: Duration = Duration::from_secs(5);

/// An open text.
struct Open {
    document: Document,
    analysis: Option<Analysis>,
    /// What was last resolved, from whichever version.
    schema: Option<Arc<Schema>>,
}

struct Server<'a> {
    connection: &'a Connection,
    open: IndexMap<String, Open>,
    texts: Sender<(String, Document)>,
    analyses: Receiver<(String, Analysis)>,
    /// Whether the client takes snippets.
    snippets: bool,
}

/// Why serving ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The client asked for it.
    Shutdown,
    /// The client is gone.
    Gone,
}

/// Serves a client that has been initialized, until it is done.
pub fn serve(connection: &Connection, snippets: bool) -> End {
    let (texts, to_check) = unbounded();
    let (checked, analyses) = unbounded();
    std::thread::scope(|scope| {
        scope.spawn(move || analysis::serve(&to_check, &checked));
        // Dropped at the end of this scope, which ends the thread.
        let mut server = Server { connection, open: IndexMap::new(), texts, analyses, snippets };
        server.run()
    })
}

impl Server<'_> {
    fn run(&mut self) -> End {
        let messages = self.connection.receiver.clone();
        let analyses = self.analyses.clone();
        loop {
            select! {
                recv(messages) -> message => match message {
                    Err(_) => return End::Gone,
                    Ok(lsp_server::Message::Request(request)) => match self.connection.handle_shutdown(&request) {
                        Ok(true) => return End::Shutdown,
                        Ok(false) => self.request(request),
                        Err(_) => return End::Gone,
                    },
                    Ok(lsp_server::Message::Notification(notification)) if notification.method == "exit" => {
                        return End::Gone;
                    }
                    Ok(lsp_server::Message::Notification(notification)) => self.notification(notification),
                    Ok(lsp_server::Message::Response(_)) => {}
                },
                recv(analyses) -> analysis => match analysis {
                    Err(_) => return End::Gone,
                    Ok((uri, analysis)) => self.analysed(&uri, analysis),
                },
            }
        }
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let result = match method.as_str() {
            "textDocument/hover" => reply(params, |params| self.hover(params)),
            "textDocument/completion" => reply(params, |params| self.completion(params)),
            "textDocument/definition" => reply(params, |params| self.definition(params)),
            "textDocument/documentSymbol" => reply(params, |params| self.symbols(params)),
            "textDocument/formatting" => reply(params, |params| self.formatting(params)),
            "textDocument/codeAction" => reply(params, |params| self.code_actions(params)),
            _ => Err((ErrorCode::MethodNotFound, format!("no such method: {method}"))),
        };
        let response = match result {
            Ok(value) => Response::new_ok(id, value),
            Err((code, words)) => Response::new_err(id, code as i32, words),
        };
        self.send(response.into());
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                let Ok(DidOpenTextDocumentParams { text_document }) = serde_json::from_value(params) else { return };
                self.changed(text_document.uri.0, Document::new(text_document.text, text_document.version));
            }
            "textDocument/didChange" => {
                let Ok(DidChangeTextDocumentParams { text_document, content_changes }) = serde_json::from_value(params)
                else {
                    return;
                };
                let uri = text_document.text_document_identifier.uri.0;
                let Some(open) = self.open.get(&uri) else { return };
                let document = open.document.changed(content_changes, text_document.version);
                self.changed(uri, document);
            }
            "textDocument/didClose" => {
                let Ok(DidCloseTextDocumentParams { text_document }) = serde_json::from_value(params) else { return };
                if self.open.shift_remove(&text_document.uri.0).is_some() {
                    self.publish(text_document.uri, None, Vec::new());
                }
            }
            _ => {}
        }
    }

    fn changed(&mut self, uri: String, document: Document) {
        let _ = self.texts.send((uri.clone(), document.clone()));
        match self.open.get_mut(&uri) {
            Some(open) => open.document = document,
            None => {
                self.open.insert(uri, Open { document, analysis: None, schema: None });
            }
        }
    }

    fn analysed(&mut self, uri: &str, analysis: Analysis) {
        let Some(open) = self.open.get_mut(uri) else { return };
        if analysis.schema.is_some() {
            open.schema.clone_from(&analysis.schema);
        }
        let current = analysis.document.version == open.document.version;
        let shown = current.then(|| diagnostics(&Uri(uri.to_owned()), &analysis));
        let version = analysis.document.version;
        open.analysis = Some(analysis);
        if let Some(shown) = shown {
            self.publish(Uri(uri.to_owned()), Some(version), shown);
        }
    }

    /// Waits until the newest text of a document has been looked at, but not for long.
    fn settle(&mut self, uri: &str, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let Some(open) = self.open.get(uri) else { return };
            if open.analysis.as_ref().is_some_and(|known| known.document.version == open.document.version) {
                return;
            }
            let Ok((uri, analysis)) = self.analyses.recv_deadline(deadline) else { return };
            self.analysed(&uri, analysis);
        }
    }

    fn hover(&mut self, params: HoverParams) -> Option<Hover> {
        let at = params.text_document_position_params;
        self.settle(&at.text_document.uri.0, PATIENCE);
        let open = self.open.get(&at.text_document.uri.0)?;
        let offset = open.document.offset(at.position);
        let outline = open.document.outline_at(offset);
        let target = target::target(&open.document, &outline, offset)?;
        let value = hover::markdown(&target, open.schema.as_deref())?;
        let contents = Contents::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value });
        Some(Hover { contents, range: Some(open.document.range(target.range)) })
    }

    fn completion(&mut self, params: CompletionParams) -> Option<CompletionResponse> {
        let at = params.text_document_position_params;
        self.settle(&at.text_document.uri.0, PATIENCE);
        let open = self.open.get(&at.text_document.uri.0)?;
        let offset = open.document.offset(at.position);
        let items = complete::complete(&open.document, offset, open.schema.as_deref(), self.snippets);
        Some(CompletionResponse::CompletionItemList(items))
    }

    fn definition(&mut self, params: DefinitionParams) -> Option<DefinitionResponse> {
        let at = params.text_document_position_params;
        let open = self.open.get(&at.text_document.uri.0)?;
        let document = &open.document;
        let offset = document.offset(at.position);
        let target = target::target(document, &document.outline_at(offset), offset)?;
        let range = document.range(navigate::definition(document, &document.outline(), &target)?);
        let location = Location { uri: at.text_document.uri.clone(), range };
        Some(DefinitionResponse::Definition(Definition::Location(location)))
    }

    fn symbols(&mut self, params: DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
        let open = self.open.get(&params.text_document.uri.0)?;
        let symbols = navigate::symbols(&open.document, &open.document.outline());
        Some(DocumentSymbolResponse::DocumentSymbolList(symbols))
    }

    /// The whole text, where it is not formatted; a text with a digest over its bytes is left alone.
    fn formatting(&mut self, params: DocumentFormattingParams) -> Option<Vec<TextEdit>> {
        self.settle(&params.text_document.uri.0, NEEDED);
        let open = self.open.get(&params.text_document.uri.0)?;
        let document = &open.document;
        let source = open.schema.as_ref().is_some_and(|schema| schema.digest_kind == DigestKind::Source);
        let formatted = fmt::format(&document.text).ok().filter(|_| !source)?;
        Some(replaced(document, &formatted))
    }

    fn code_actions(&mut self, params: CodeActionParams) -> Option<Vec<CodeAction>> {
        let uri = params.text_document.uri;
        self.settle(&uri.0, NEEDED);
        let open = self.open.get(&uri.0)?;
        let analysis = open.analysis.as_ref().filter(|known| known.document.version == open.document.version)?;
        let document = &open.document;
        let wanted = document.offset(params.range.start)..document.offset(params.range.end);
        let mut actions = quick_fixes(&uri, analysis, &wanted, &params.context);
        // Looking for all edits takes several looks at the text, so only who asks for them gets them.
        let all = CodeActionKind::SourceFixAll;
        if params.context.only.as_ref().is_some_and(|only| only.contains(&all)) {
            let edits = replaced(document, &fix::fix(&document.text).text);
            actions.extend((!edits.is_empty()).then(|| CodeAction {
                title: "Mend all that leaves no doubt".to_owned(),
                kind: Some(all),
                edit: Some(changes(&uri, edits)),
                ..CodeAction::default()
            }));
        }
        Some(actions)
    }

    fn publish(&self, uri: Uri, version: Option<i32>, diagnostics: Vec<Diagnostic>) {
        let params = PublishDiagnosticsParams { uri, version, diagnostics };
        self.send(Notification::new("textDocument/publishDiagnostics".to_owned(), params).into());
    }

    fn send(&self, message: lsp_server::Message) {
        // Where the client is gone there is nobody left to tell.
        let _ = self.connection.sender.send(message);
    }
}

type Refusal = (ErrorCode, String);

fn reply<P: DeserializeOwned, R: Serialize>(
    params: serde_json::Value,
    answer: impl FnOnce(P) -> R,
) -> Result<serde_json::Value, Refusal> {
    let params = serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))?;
    serde_json::to_value(answer(params)).map_err(|error| (ErrorCode::InternalError, error.to_string()))
}

fn diagnostics(uri: &Uri, analysis: &Analysis) -> Vec<Diagnostic> {
    analysis.diagnostics.iter().map(|found| diagnostic(uri, analysis, found)).collect()
}

fn diagnostic(uri: &Uri, analysis: &Analysis, found: &myc_schema::diag::Diagnostic) -> Diagnostic {
    let document = &analysis.document;
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

/// The suggestions about what is in a range.
fn quick_fixes(
    uri: &Uri,
    analysis: &Analysis,
    wanted: &std::ops::Range<usize>,
    context: &CodeActionContext,
) -> Vec<CodeAction> {
    let asked = |kind: &CodeActionKind| {
        let kind = String::from(kind.clone());
        context.only.as_ref().is_none_or(|only| {
            only.iter().any(|only| {
                let only = String::from(only.clone());
                kind == only || kind.starts_with(&format!("{only}.")) || only.is_empty()
            })
        })
    };
    if !asked(&CodeActionKind::QuickFix) {
        return Vec::new();
    }
    let touches = |found: &&myc_schema::diag::Diagnostic| {
        found.span.is_some_and(|span| span.start as usize <= wanted.end && wanted.start <= span.end as usize)
    };
    let fix = |found: &myc_schema::diag::Diagnostic| {
        let suggestion = found.suggestion.as_ref()?;
        let document = &analysis.document;
        let range = suggestion.span.start as usize..suggestion.span.end as usize;
        let old = document.text.get(range.clone())?;
        let edit = TextEdit { range: document.range(range), new_text: suggestion.replacement.clone() };
        Some(CodeAction {
            title: format!("Replace `{}` with `{}`", shortened(old), shortened(&suggestion.replacement)),
            kind: Some(CodeActionKind::QuickFix),
            diagnostics: Some(vec![diagnostic(uri, analysis, found)]),
            is_preferred: Some(true),
            edit: Some(changes(uri, vec![edit])),
            ..CodeAction::default()
        })
    };
    analysis.diagnostics.iter().filter(touches).filter_map(fix).collect()
}

fn changes(uri: &Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some([(uri.clone(), edits)].into_iter().collect()), ..WorkspaceEdit::default() }
}

/// The edit that makes a document another text: of what differs, so that a cursor elsewhere stays where it is.
fn replaced(document: &Document, new: &str) -> Vec<TextEdit> {
    let old = &*document.text;
    if old == new {
        return Vec::new();
    }
    let same = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let start = (0..=same).rev().find(|at| old.is_char_boundary(*at)).unwrap_or(0);
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let same = old_rest.bytes().rev().zip(new_rest.bytes().rev()).take_while(|(old, new)| old == new).count();
    let end = (0..=same).rev().find(|back| old_rest.is_char_boundary(old_rest.len() - back)).unwrap_or(0);
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
