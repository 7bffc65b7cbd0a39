//! `myc-schema lsp`: a language server for contracts, on stdin and stdout. The protocol's types are left to
//! `gen-lsp-types`; what is said in them is the compiler's, or the tables' it goes by.

use std::io;

use clap::Args;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProvider, CompletionOptions, DefinitionProvider,
    DocumentFormattingProvider, DocumentSymbolProvider, HoverProvider, InitializeResult, PositionEncodingKind,
    ServerCapabilities, ServerInfo, TextDocumentSync, TextDocumentSyncKind, TextDocumentSyncOptions,
};

use self::rpc::{Broken, Incoming, Outgoing};
use super::exit::{Exit, Failure};

mod analysis;
mod complete;
mod document;
mod findings;
mod hover;
mod known;
mod later;
mod lines;
mod meaning;
mod navigate;
mod outline;
mod rpc;
mod server;
mod target;
mod units;

/// Serve editors: a language server (LSP) on stdin and stdout
#[derive(Args, Debug)]
#[command(after_help = "\
An editor starts it. It shows what is wrong while you type, offsets and sizes
under the cursor, completes keys, types, rules and names, goes to definitions,
lists symbols and offers suggestions as quick fixes. docs/editors.md has the
settings for VS Code, Neovim and Emacs; for Neovim:

  vim.lsp.config('myc_schema', {
    cmd = { 'myc-schema', 'lsp' }, filetypes = { 'yaml' } })

Examples:
  myc-schema lsp < /dev/null           does it start?")]
pub struct LspArgs {
    /// For editors that always give it: it is the only way
    #[arg(long)]
    stdio: bool,
}

pub fn run(_: LspArgs) -> Result<(), Failure> {
    let (incoming, messages) = bounded(64);
    std::thread::spawn(move || read(&incoming));
    let (out, outgoing) = unbounded();
    let (alive, gone) = bounded(0);
    let writer = std::thread::spawn(move || write(&outgoing, alive));
    let end = server::serve(&messages, out, &gone);
    // What is still to be answered is, and then there is nobody left to write for.
    let written = writer.join();
    match end {
        Err(broken) => Err(Failure::io(format!("the editor's messages: {broken}"))),
        Ok(server::End::Abrupt) => Err(Failure::silent(Exit::Findings)),
        Ok(server::End::Shutdown | server::End::Gone) => match written {
            Ok(Err(error)) => Err(Failure::stdout(&error)),
            _ => Ok(()),
        },
    }
}

/// Reads messages from stdin until nobody wants any more, or until there are none.
fn read(incoming: &Sender<Result<Incoming, Broken>>) {
    let mut stdin = io::stdin().lock();
    while let Some(message) = rpc::read(&mut stdin).transpose() {
        let last = message.is_err();
        if incoming.send(message).is_err() || last {
            return;
        }
    }
}

/// Writes messages to stdout. That it ends is seen by the end of `alive`.
fn write(outgoing: &Receiver<Outgoing>, alive: Sender<()>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = outgoing.iter().try_for_each(|message| message.write(&mut stdout));
    drop(alive);
    written
}

/// Who this is and what it can do.
fn introduction() -> InitializeResult {
    let name = "myc-schema".to_owned();
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    InitializeResult { capabilities: capabilities(), server_info: Some(ServerInfo { name, version }) }
}

fn capabilities() -> ServerCapabilities {
    let characters = [" ", "{", "[", "<", ":", "-"];
    ServerCapabilities {
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProvider::Bool(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(characters.map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(DefinitionProvider::Bool(true)),
        document_symbol_provider: Some(DocumentSymbolProvider::Bool(true)),
        document_formatting_provider: Some(DocumentFormattingProvider::Bool(true)),
        code_action_provider: Some(CodeActionProvider::CodeActionOptions(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QuickFix, CodeActionKind::SourceFixAll]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}
