// Starts `myc-schema lsp` for contracts.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("mycelium").get("compiler");
  const server = { command, args: ["lsp"] };
  const documentSelector = [{ language: "yaml", pattern: "**/contracts.{yaml,yml}" }];
  client = new LanguageClient("mycelium", "Mycelium contracts", server, { documentSelector });
  return client.start();
};

exports.deactivate = () => client?.stop();
