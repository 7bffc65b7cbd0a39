//! The one minijinja environment, and [`FileMap`]. Rendering is pure: writing files is left to
//! the command line and to [`crate::build`].

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use crate::backend::{Backend, Options, Output};
use crate::ir::Schema;

/// Generated files: name to content.
pub type FileMap = BTreeMap<String, String>;

/// A failure of the project's own templates: never the fault of a contract.
#[derive(Debug, thiserror::Error)]
#[error("template of {file} failed: {source}")]
pub struct RenderError {
    /// The file that was being rendered.
    pub file: String,
    /// What minijinja said.
    #[source]
    pub source: minijinja::Error,
}

/// Renders every output of `backend`, each on a thread of its own.
pub fn render(schema: &Arc<Schema>, backend: &Backend, options: &Options) -> Result<FileMap, RenderError> {
    std::thread::scope(|scope| {
        let outputs: Vec<_> = backend
            .outputs
            .iter()
            .map(|output| {
                let file = format!("{}.{}", options.name, output.extension);
                let task = {
                    let file = file.clone();
                    scope.spawn(move || {
                        render_output(schema, backend, options, output).map_err(|source| RenderError { file, source })
                    })
                };
                (file, task)
            })
            .collect();
        outputs
            .into_iter()
            .map(|(file, task)| match task.join() {
                Ok(text) => Ok((file, text?)),
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

fn render_output(
    schema: &Arc<Schema>,
    backend: &Backend,
    options: &Options,
    output: &Output,
) -> Result<String, minijinja::Error> {
    text(output.template, (backend.view)(schema, options))
}

/// One template's text. A name that `context` does not have is an error.
pub fn text(template: &str, context: impl Into<Value>) -> Result<String, minijinja::Error> {
    with(Environment::new(), |_| AutoEscape::None, template, context)
}

/// One template's text as HTML: every value is escaped, but for those that are marked as safe.
pub fn html(template: &str, context: impl Into<Value>) -> Result<String, minijinja::Error> {
    with(Environment::new(), |_| AutoEscape::Html, template, context)
}

/// One template's text as Markdown: in every value that is not marked as safe, what Markdown or HTML could take for
/// markup is escaped, and line ends are spaces.
pub fn markdown(template: &str, context: impl Into<Value>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape_markdown(text))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    with(environment, |_| AutoEscape::None, template, context)
}

fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' => escaped.extend(['\\', character]),
            '&' => escaped.push_str("&amp;"),
            // Addresses are not made links of.
            ':' if characters.peek() == Some(&'/') => escaped.push_str("&#58;"),
            control if control.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

fn with(
    mut environment: Environment<'_>,
    escape: fn(&str) -> AutoEscape,
    template: &str,
    context: impl Into<Value>,
) -> Result<String, minijinja::Error> {
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(escape);
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build()?);
    environment.template_from_str(template)?.render(context.into())
}

/// A list of `len` items for a template, each made by `item` when the template reaches it.
pub fn lazy<T: Serialize>(len: usize, item: impl Fn(usize) -> T + Send + Sync + 'static) -> Value {
    let item = Arc::new(item);
    Value::make_iterable(move || {
        let item = Arc::clone(&item);
        (0..len).map(move |index| Value::from(Serde(item(index))))
    })
}
