//! The server: which texts are open, what is known about them, and an answer to each request. It never does what takes
//! long: the compiler has a thread, and what looks at a whole text has another, so that an answer about one place comes
//! at once.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CompletionList, CompletionParams, CompletionResponse, Contents,
    Definition, DefinitionParams, DefinitionResponse, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingParams, DocumentSymbolParams, DocumentSymbolResponse, Hover, HoverParams, InitializeParams,
    Location, MarkupContent, MarkupKind, MessageType, ShowMessageParams, TextEdit, VersionedTextDocumentIdentifier,
};
use indexmap::IndexMap;
use myc_schema::fmt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::analysis::{self, Analysis};
use super::document::{Change, Document};
use super::known::Known;
use super::later::Later;
use super::rpc::{Broken, Code, Id, Incoming, Outgoing, Params};
use super::{complete, findings, hover, navigate, target};

/// How long an answer waits for the compiler to have seen the newest text, before it goes by an earlier one. It does not
/// where the compiler is known to need longer.
const PATIENCE: Duration = Duration::from_millis(25);

/// An open text.
struct Open {
    document: Document,
    analysis: Option<Analysis>,
    /// What was last resolved, from whichever version.
    known: Option<Known>,
    /// What is to be answered when the compiler has seen this version.
    waiting: Vec<(Id, CodeActionParams)>,
}

impl Open {
    /// What the compiler says about the text as it is now.
    fn current(&self) -> Option<&Analysis> {
        self.analysis.as_ref().filter(|analysis| analysis.serial == self.document.serial)
    }
}

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Running,
    ShutDown,
}

/// Why serving ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The client asked for it, as the protocol wants it.
    Shutdown,
    /// The client asked for it, but had not said that it would.
    Abrupt,
    /// The client is gone.
    Gone,
}

struct Server {
    out: Sender<Outgoing>,
    state: State,
    /// Whether the client takes snippets.
    snippets: bool,
    open: IndexMap<String, Open>,
    texts: Sender<(String, Document)>,
    analyses: Receiver<(String, Analysis)>,
    later: Later,
    /// The number of the newest text.
    serial: u64,
}

/// Serves a client until it is done, or nobody takes what is sent `out`.
pub fn serve(
    messages: &Receiver<Result<Incoming, Broken>>,
    out: Sender<Outgoing>,
    gone: &Receiver<()>,
) -> Result<End, Broken> {
    let (texts, to_check) = unbounded();
    let (checked, analyses) = unbounded();
    // The threads end when nobody asks them any more, or with the process: nothing is lost in the middle of their work.
    std::thread::spawn(move || analysis::serve(&to_check, &checked));
    let later = Later::start(out.clone());
    let (open, state) = (IndexMap::new(), State::New);
    Server { out, state, snippets: false, open, texts, analyses, later, serial: 0 }.run(messages, gone)
}

impl Server {
    fn run(&mut self, messages: &Receiver<Result<Incoming, Broken>>, gone: &Receiver<()>) -> Result<End, Broken> {
        let analyses = self.analyses.clone();
        loop {
            select! {
                recv(messages) -> message => match message {
                    Err(_) => return Ok(End::Gone),
                    Ok(message) => match message? {
                        Incoming::Request(id, method, params) => self.request(id, &method, &params),
                        Incoming::Notification(method, _) if method == "exit" => {
                            return Ok(if self.state == State::ShutDown { End::Shutdown } else { End::Abrupt });
                        }
                        Incoming::Notification(method, params) => self.notification(&method, &params),
                        Incoming::Answer => {}
                        Incoming::Refused(id, code, words) => self.send(Outgoing::refusal(id.as_ref(), code, &words)),
                    },
                },
                recv(gone) -> _ => return Ok(End::Gone),
                recv(analyses) -> analysis => match analysis {
                    Err(_) => return Ok(End::Gone),
                    Ok((uri, analysis)) => self.analysed(&uri, analysis),
                },
            }
        }
    }

    fn request(&mut self, id: Id, method: &str, params: &Params) {
        let refused = match (self.state, method == "initialize") {
            (State::New, true) | (State::Running, false) => None,
            (State::New, false) => Some((Code::NotInitialized, "`initialize` comes first")),
            (State::Running, true) => Some((Code::InvalidRequest, "the server is initialized already")),
            (State::ShutDown, _) => Some((Code::InvalidRequest, "the server is shut down")),
        };
        if let Some((code, words)) = refused {
            return self.send(Outgoing::refusal(Some(&id), code, words));
        }
        match method {
            "initialize" => self.answer(&id, params, Self::initialize),
            "shutdown" => {
                self.state = State::ShutDown;
                self.send(Outgoing::answer(&id, &()));
            }
            "textDocument/hover" => self.answer(&id, params, Self::hover),
            "textDocument/completion" => self.answer(&id, params, Self::completion),
            "textDocument/definition" => self.answer(&id, params, Self::definition),
            "textDocument/documentSymbol" => self.answer_later(id, params, Self::symbols),
            "textDocument/formatting" => self.answer_later(id, params, Self::formatting),
            "textDocument/codeAction" => {
                self.with(&id, params, |server, params| server.code_actions(id.clone(), params))
            }
            _ => self.send(Outgoing::refusal(Some(&id), Code::MethodNotFound, &format!("no such method: {method}"))),
        }
    }

    /// Does something with the parameters of a request, or says that they are none of it.
    fn with<P: DeserializeOwned>(&mut self, id: &Id, params: &Params, then: impl FnOnce(&mut Self, P)) {
        match params.read() {
            Ok(params) => then(self, params),
            Err(words) => self.send(Outgoing::refusal(Some(id), Code::InvalidParams, &words)),
        }
    }

    fn answer<P: DeserializeOwned, R: Serialize>(
        &mut self,
        id: &Id,
        params: &Params,
        result: impl FnOnce(&mut Self, P) -> R,
    ) {
        self.with(id, params, |server, params| {
            let result = result(server, params);
            server.send(Outgoing::answer(id, &result));
        });
    }

    /// Answers with what another thread finds out; where there is nothing to find out about, with nothing.
    fn answer_later<P: DeserializeOwned, R: Serialize, W: FnOnce() -> Option<R> + Send + 'static>(
        &mut self,
        id: Id,
        params: &Params,
        work: impl FnOnce(&mut Self, P) -> Option<W>,
    ) {
        self.with(&id.clone(), params, |server, params| match work(server, params) {
            Some(work) => server.later.answer(id, work),
            None => server.send(Outgoing::answer(&id, &())),
        });
    }

    fn notification(&mut self, method: &str, params: &Params) {
        if self.state != State::Running {
            return;
        }
        match method {
            "textDocument/didOpen" => {
                let Ok(DidOpenTextDocumentParams { text_document }) = params.read() else { return };
                self.changed(text_document.uri.0, Document::new(text_document.text, text_document.version));
            }
            "textDocument/didChange" => match params.read() {
                Ok(change) => self.change(change),
                Err(words) => self.lost(params, &words),
            },
            "textDocument/didClose" => {
                let Ok(DidCloseTextDocumentParams { text_document }) = params.read() else { return };
                self.close(&text_document.uri.0);
            }
            "$/cancelRequest" => {
                let Ok(Cancel { id }) = params.read() else { return };
                self.cancel(&id);
            }
            _ => {}
        }
    }

    fn change(&mut self, DidChange { text_document, content_changes }: DidChange) {
        let VersionedTextDocumentIdentifier { version, text_document_identifier } = text_document;
        let uri = text_document_identifier.uri.0;
        let Some(open) = self.open.get(&uri) else { return };
        let mut document = open.document.clone();
        document.change(content_changes, version);
        self.changed(uri, document);
    }

    /// A change that cannot be read: from here on the text would be another than the client's.
    fn lost(&mut self, params: &Params, why: &str) {
        let Ok(Lost { text_document }) = params.read() else { return };
        if self.close(&text_document.uri) {
            let message = format!("{}: a change cannot be read ({why}); open it again", text_document.uri);
            let shown = ShowMessageParams { kind: MessageType::Error, message };
            self.send(Outgoing::notification("window/showMessage", &shown));
        }
    }

    fn changed(&mut self, uri: String, mut document: Document) {
        self.serial += 1;
        document.serial = self.serial;
        let _ = self.texts.send((uri.clone(), document.clone()));
        match self.open.get_mut(&uri) {
            Some(open) => {
                open.document = document;
                let outdated = std::mem::take(&mut open.waiting);
                self.outdated(outdated);
            }
            None => {
                self.open.insert(uri, Open { document, analysis: None, known: None, waiting: Vec::new() });
            }
        }
    }

    fn close(&mut self, uri: &str) -> bool {
        let Some(mut open) = self.open.shift_remove(uri) else { return false };
        self.outdated(std::mem::take(&mut open.waiting));
        self.later.dispose(open);
        self.send(findings::none(gen_lsp_types::Uri(uri.to_owned())));
        true
    }

    fn outdated(&self, waiting: Vec<(Id, CodeActionParams)>) {
        for (id, _) in waiting {
            self.send(Outgoing::refusal(Some(&id), Code::Modified, "the text has changed"));
        }
    }

    fn cancel(&mut self, id: &Id) {
        let mut found = self.later.cancel(id);
        for open in self.open.values_mut() {
            let before = open.waiting.len();
            open.waiting.retain(|(waiting, _)| waiting != id);
            found |= open.waiting.len() < before;
        }
        if found {
            self.send(Outgoing::refusal(Some(id), Code::Cancelled, "cancelled"));
        }
    }

    fn analysed(&mut self, uri: &str, mut analysis: Analysis) {
        let Some(open) = self.open.get_mut(uri) else { return };
        let old = Known::of(&analysis).map(|known| open.known.replace(known));
        let shown = std::mem::take(&mut analysis.shown);
        let older = open.analysis.replace(analysis);
        // To free ten thousand messages takes longer than an answer may.
        self.later.dispose((old, older));
        if open.current().is_none() {
            return;
        }
        let waiting = std::mem::take(&mut open.waiting);
        self.send(shown);
        for (id, params) in waiting {
            self.code_actions(id, params);
        }
    }

    /// Waits until the newest text of a document has been looked at, where that does not take long.
    fn settle(&mut self, uri: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Some(open) = self.open.get(uri) else { return };
            let slow = open.analysis.as_ref().is_some_and(|analysis| analysis.took > PATIENCE);
            if slow || open.current().is_some() {
                return;
            }
            let Ok((uri, analysis)) = self.analyses.recv_deadline(deadline) else { return };
            self.analysed(&uri, analysis);
        }
    }

    fn initialize(&mut self, params: InitializeParams) -> gen_lsp_types::InitializeResult {
        self.state = State::Running;
        let completion = params.capabilities.text_document.and_then(|text| text.completion);
        self.snippets = completion.and_then(|completion| completion.completion_item?.snippet_support).unwrap_or(false);
        super::introduction()
    }

    fn hover(&mut self, params: HoverParams) -> Option<Hover> {
        let at = params.text_document_position_params;
        self.settle(&at.text_document.uri.0);
        let open = self.open.get(&at.text_document.uri.0)?;
        let offset = open.document.offset(at.position);
        let outline = open.document.outline_at(offset)?;
        let target = target::target(&open.document, &outline, offset)?;
        let value = hover::markdown(&target, open.known.as_ref(), open.document.serial)?;
        let contents = Contents::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value });
        Some(Hover { contents, range: Some(open.document.range(target.range)) })
    }

    fn completion(&mut self, params: CompletionParams) -> Option<CompletionResponse> {
        let at = params.text_document_position_params;
        self.settle(&at.text_document.uri.0);
        let open = self.open.get(&at.text_document.uri.0)?;
        let offset = open.document.offset(at.position);
        let schema = open.known.as_ref().map(|known| &*known.schema);
        let (items, is_incomplete) = complete::complete(&open.document, offset, schema, self.snippets);
        Some(match is_incomplete {
            // The client asks again for every letter.
            true => {
                CompletionResponse::CompletionList(CompletionList { is_incomplete, items, ..CompletionList::default() })
            }
            false => CompletionResponse::CompletionItemList(items),
        })
    }

    fn definition(&mut self, params: DefinitionParams) -> Option<DefinitionResponse> {
        let at = params.text_document_position_params;
        let document = &self.open.get(&at.text_document.uri.0)?.document;
        let offset = document.offset(at.position);
        let target = target::target(document, &*document.outline_at(offset)?, offset)?;
        let range = document.range(navigate::definition(document, &target)?);
        let location = Location { uri: at.text_document.uri.clone(), range };
        Some(DefinitionResponse::Definition(Definition::Location(location)))
    }

    fn symbols(
        &mut self,
        params: DocumentSymbolParams,
    ) -> Option<impl FnOnce() -> Option<DocumentSymbolResponse> + use<>> {
        let document = self.open.get(&params.text_document.uri.0)?.document.clone();
        Some(move || {
            Some(DocumentSymbolResponse::DocumentSymbolList(navigate::symbols(&document, &document.outline())))
        })
    }

    /// The whole text, where it is not formatted; a text with a digest over its bytes is left alone.
    fn formatting(
        &mut self,
        params: DocumentFormattingParams,
    ) -> Option<impl FnOnce() -> Option<Vec<TextEdit>> + use<>> {
        let document = self.open.get(&params.text_document.uri.0)?.document.clone();
        Some(move || {
            let formatted = fmt::format(&document.text).ok()?;
            let edits = findings::replaced(&document, &formatted);
            (edits.is_empty() || !fmt::changes_digest(&document.text)).then_some(edits)
        })
    }

    /// Answers with the suggestions about a range, when they are known.
    fn code_actions(&mut self, id: Id, params: CodeActionParams) {
        let Some(open) = self.open.get_mut(&params.text_document.uri.0) else {
            return self.send(Outgoing::answer(&id, &()));
        };
        let Some(analysis) = open.current() else {
            return open.waiting.push((id, params));
        };
        let CodeActionParams { text_document, range, context, .. } = params;
        let document = &open.document;
        let mut actions: Vec<CodeAction> = Vec::new();
        if findings::wanted(&context, &CodeActionKind::QuickFix) {
            let range = document.offset(range.start)..document.offset(range.end);
            actions = findings::quick_fixes(&text_document.uri, document, &analysis.diagnostics, &range);
        }
        // Only who asks for all edits at once gets them.
        if !context.only.is_some_and(|only| only.contains(&CodeActionKind::SourceFixAll)) {
            return self.send(Outgoing::answer(&id, &actions));
        }
        let document = document.clone();
        self.later.answer(id, move || {
            actions.extend(findings::fix_all(&text_document.uri, &document));
            actions
        });
    }

    fn send(&self, message: Outgoing) {
        // Where the client is gone there is nobody left to tell.
        let _ = self.out.send(message);
    }
}

/// The parameters of `textDocument/didChange`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DidChange {
    text_document: VersionedTextDocumentIdentifier,
    content_changes: Vec<Change>,
}

/// What is not wanted any more.
#[derive(Deserialize)]
struct Cancel {
    id: Id,
}

/// The name of a text that a message is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lost {
    text_document: Named,
}

#[derive(Deserialize)]
struct Named {
    uri: String,
}
