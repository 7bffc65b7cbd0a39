//! `myc-schema lsp`: a language server for contracts, on stdin and stdout. The protocol's messages are left to
//! `lsp-server` and `gen-lsp-types`; what is said in them is the compiler's, or the tables' it goes by.

use clap::Args;
use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProvider, CompletionOptions, DefinitionProvider,
    DocumentFormattingProvider, DocumentSymbolProvider, HoverProvider, InitializeParams, InitializeResult,
    PositionEncodingKind, ServerCapabilities, ServerInfo, TextDocumentSync, TextDocumentSyncKind,
    TextDocumentSyncOptions,
};
use lsp_server::Connection;

use super::exit::Failure;

mod analysis;
mod complete;
mod document;
mod hover;
mod meaning;
mod navigate;
mod outline;
mod server;
mod target;

/// Serve editors: a language server (LSP) on stdin and stdout
#[derive(Args, Debug)]
#[command(after_help = "\
An editor starts it. It shows what is wrong while you type, offsets and sizes under the cursor,
completes keys, types, rules and names, goes to definitions, lists symbols and offers suggestions
as quick fixes. docs/editors.md has the settings for VS Code, Neovim and Emacs.

Examples:
  # Neovim: vim.lsp.config('myc_schema', { cmd = { 'myc-schema', 'lsp' }, filetypes = { 'yaml' } })
  myc-schema lsp < /dev/null")]
pub struct LspArgs {
    /// For editors that always give it: it is the only way
    #[arg(long)]
    stdio: bool,
}

pub fn run(_: LspArgs) -> Result<(), Failure> {
    let (connection, threads) = Connection::stdio();
    let Ok((id, params)) = connection.initialize_start() else {
        // Gone before it said who it is.
        drop(connection);
        return threads.join().map_err(|error| Failure::io(format!("the editor's messages: {error}")));
    };
    let params: InitializeParams = serde_json::from_value(params).unwrap_or_default();
    let snippets = params
        .capabilities
        .text_document
        .and_then(|text| text.completion?.completion_item?.snippet_support)
        .unwrap_or(false);
    let result = InitializeResult {
        capabilities: capabilities(),
        server_info: Some(ServerInfo {
            name: "myc-schema".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    };
    let result = serde_json::to_value(result).unwrap_or_default();
    if connection.initialize_finish(id, result).is_ok() {
        server::serve(&connection, snippets);
    }
    // The threads end when nobody sends any more.
    drop(connection);
    threads.join().map_err(|error| Failure::io(format!("the editor's messages: {error}")))
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
