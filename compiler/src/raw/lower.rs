//! Nodes to values: which kind of YAML each place takes, and the keys a mapping may have.
//! Which keys there are and where the values go is left to [`super::sections`] and [`super::fields`].

use std::borrow::Cow;

use super::keys::Keys;
use super::scalar::{self, Plain};
use super::syntax;
use super::tree::{Entry, Kind, Node};
use crate::codes;
use crate::diag::{Diagnostic, MAX_SHOWN, quote};
use crate::source::{Span, Spanned};
use crate::suggest;

/// What lowering needs everywhere.
pub(super) struct Lower<'d> {
    pub text: &'d str,
    pub diagnostics: &'d mut Vec<Diagnostic>,
}

/// A known key of a mapping, and what it was given.
pub(super) struct Pair<'a> {
    /// The key as the language spells it.
    pub key: &'static str,
    /// Where it is written.
    pub span: Span,
    pub value: Node<'a>,
}

impl Lower<'_> {
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether there are more findings than are shown already, so that one more needn't be worded.
    fn is_full(&self) -> bool {
        self.diagnostics.len() > MAX_SHOWN
    }

    /// The entries of a mapping.
    pub fn mapping<'a>(&mut self, name: &str, span: Span, node: Node<'a>, help: &str) -> Option<Vec<Entry<'a>>> {
        match node.kind {
            Kind::Map(entries) => Some(entries),
            _ => {
                self.wrong_kind(name, "a mapping", span, &node, Some(help));
                None
            }
        }
    }

    /// The known keys of a mapping in file order; unknown ones are reported. One that is a near miss
    /// is taken for the key it resembles, so that its absence is not reported as well.
    pub fn pairs<'a>(&mut self, entries: Vec<Entry<'a>>, keys: &Keys) -> Vec<Pair<'a>> {
        let bit = |key: &str| keys.names().position(|known| known == key).map(|at| 1u32 << at);
        let mut given = entries.iter().filter_map(|entry| bit(&entry.key.value)).fold(0, |given, bit| given | bit);
        let mut pairs = Vec::with_capacity(entries.len());
        for Entry { key, value } in entries {
            let span = key.span;
            let known = keys.names().find(|known| *known == key.value);
            if known.is_none() && keys.legacy.contains(&key.value.as_ref()) && !declares_types(&value) {
                self.legacy_key(&key, keys);
                continue;
            }
            let key = known.or_else(|| {
                let meant = self.unknown_key(&key, keys)?;
                let bit = bit(meant).filter(|bit| given & bit == 0)?;
                given |= bit;
                Some(meant)
            });
            pairs.extend(key.map(|key| Pair { key, span, value }));
        }
        pairs
    }

    fn legacy_key(&mut self, key: &Spanned<Cow<str>>, keys: &Keys) {
        let message = format!("key {} of {} is not enforced; documentation only", quote(&key.value), keys.of);
        let diagnostic = Diagnostic::new(&codes::W0101, key.span, message).label("has no effect");
        self.report(diagnostic.help(format!("remove it, or call it `x-{}`", key.value)));
    }

    fn unknown_key(&mut self, key: &Spanned<Cow<str>>, keys: &Keys) -> Option<&'static str> {
        if self.is_full() {
            return None;
        }
        let written = key.value.as_ref();
        let synonym = keys.meant.iter().find(|(other, _)| *other == written).map(|(_, meant)| *meant);
        let meant = synonym.or_else(|| suggest::nearest(written, keys.names()));
        let message = match meant {
            Some(meant) => format!("unknown key {} of {}; did you mean `{meant}`?", quote(written), keys.of),
            None => format!("unknown key {} of {}", quote(written), keys.of),
        };
        let mut diagnostic = Diagnostic::new(&codes::E0101, key.span, message);
        diagnostic = match (meant, written) {
            (Some(meant), _) => diagnostic.label("unknown key").correct(key.span, meant),
            (None, "import" | "imports" | "include" | "includes" | "$ref" | "$include" | "extends") => {
                diagnostic.label("not supported").help("a contract is one file; it can't take in another")
            }
            (None, _) => diagnostic.label("unknown key").help(format!(
                "known keys are {}; a key that begins with `x-` is ignored",
                keys.names().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            )),
        };
        self.report(diagnostic);
        meant
    }

    /// A required key is absent from the mapping called `name`.
    pub fn missing(&mut self, key: &str, of: &str, name: &Spanned<String>, help: &str) {
        let message = format!("{of} {} has no `{key}`", quote(&name.value));
        self.report(
            Diagnostic::new(&codes::E0104, name.span, message).label(format!("`{key}` is required")).help(help),
        );
    }

    /// Reports that `node` is not what `name` takes; nothing where the node was reported already.
    pub fn wrong_kind(&mut self, name: &str, expected: &str, span: Span, node: &Node, help: Option<&str>) {
        if let Some(diagnostic) = self.of_wrong_kind(name, expected, span, node) {
            self.report(match help.filter(|help| !help.is_empty()) {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
    }

    fn of_wrong_kind(&self, name: &str, expected: &str, span: Span, node: &Node) -> Option<Diagnostic> {
        let diagnostic = match &node.kind {
            Kind::Reported => return None,
            Kind::Plain(text) if scalar::classify(text) == Plain::Null => {
                let place = if node.span.is_empty() { span } else { node.span };
                Diagnostic::new(&codes::E0107, place, format!("{} has no value; expected {expected}", quote(name)))
            }
            _ => {
                let found = describe(node);
                let place = syntax::first_line(self.text, node.span);
                Diagnostic::new(&codes::E0103, place, format!("expected {expected} for {}, found {found}", quote(name)))
            }
        };
        Some(diagnostic.label(format!("expected {expected}")))
    }

    /// A text: quoted, a block, or plain and neither a number nor a boolean.
    pub fn text(&mut self, name: &str, span: Span, node: Node) -> Option<Spanned<String>> {
        let place = node.span;
        match node.kind {
            Kind::Text { text, .. } => Some(Spanned::new(text.into_owned(), place)),
            Kind::Plain(text) => match scalar::classify(&text) {
                Plain::Text | Plain::OddBool(_) | Plain::OddNumber(_) => Some(Spanned::new(text.into_owned(), place)),
                Plain::Null => {
                    self.wrong_kind(name, "text", span, &Node { span: place, kind: Kind::Plain(text) }, None);
                    None
                }
                Plain::Bool(_) | Plain::Int | Plain::Float => {
                    let found = describe_plain(&text);
                    let diagnostic = Diagnostic::new(
                        &codes::E0103,
                        place,
                        format!("expected text for {}, found {found}", quote(name)),
                    )
                    .label("expected text")
                    .help("put it in quotes if text is meant");
                    self.report(diagnostic.correct(place, format!("\"{text}\"")));
                    None
                }
            },
            kind => {
                self.wrong_kind(name, "text", span, &Node { span: place, kind }, None);
                None
            }
        }
    }

    /// An integer.
    pub fn int(&mut self, name: &str, span: Span, node: &Node) -> Option<Spanned<i128>> {
        let place = node.span;
        let value = match &node.kind {
            Kind::Plain(text) => match scalar::classify(text) {
                Plain::Int => self.within_limits(name, text, place),
                Plain::OddNumber(right) => {
                    let right = right.and_then(|right| right_integer(&right));
                    self.misspelt(name, "an integer", text, place, right)
                }
                Plain::Float => match scalar::integral(text) {
                    right @ Some(_) => self.misspelt(name, "an integer", text, place, right),
                    None => self.no_value(name, "an integer", span, node),
                },
                _ => self.no_value(name, "an integer", span, node),
            },
            Kind::Text { text, quoted: true } if scalar::is_int(text) => {
                self.unquote(name, "an integer", text, place);
                self.within_limits(name, text, place)
            }
            _ => self.no_value(name, "an integer", span, node),
        };
        value.map(|value| Spanned::new(value, place))
    }

    /// `true` or `false`.
    pub fn bool(&mut self, name: &str, span: Span, node: &Node) -> Option<Spanned<bool>> {
        let place = node.span;
        let value = match &node.kind {
            Kind::Plain(text) => match scalar::classify(text) {
                Plain::Bool(value) => Some(value),
                Plain::OddBool(value) => {
                    self.misspelt::<bool>(name, "`true` or `false`", text, place, Some(value.to_string()));
                    Some(value)
                }
                _ => self.no_value(name, "`true` or `false`", span, node),
            },
            Kind::Text { text, quoted: true } if matches!(text.as_ref(), "true" | "false") => {
                self.unquote(name, "`true` or `false`", text, place);
                Some(text == "true")
            }
            _ => self.no_value(name, "`true` or `false`", span, node),
        };
        value.map(|value| Spanned::new(value, place))
    }

    /// A finite number.
    pub fn number(&mut self, name: &str, span: Span, node: &Node) -> Option<Spanned<f64>> {
        let place = node.span;
        let value = match &node.kind {
            Kind::Plain(text) => match scalar::classify(text) {
                Plain::Int => Some(scalar::int_value(text).map_or(f64::INFINITY, |value| value as f64)),
                Plain::Float => text.parse().ok(),
                Plain::OddNumber(right) => self.misspelt(name, "a number", text, place, right),
                _ => self.no_value(name, "a number", span, node),
            },
            Kind::Text { text, quoted: true } if matches!(scalar::classify(text), Plain::Int | Plain::Float) => {
                self.unquote(name, "a number", text, place);
                text.parse().ok()
            }
            _ => self.no_value(name, "a number", span, node),
        };
        match value {
            Some(value) if !value.is_finite() => {
                let message = format!("expected a number for {}, found one that is too large", quote(name));
                self.report(Diagnostic::new(&codes::E0103, place, message).label("beyond the range of f64"));
                None
            }
            value => value.map(|value| Spanned::new(value, place)),
        }
    }

    /// A list of texts. One text alone is taken for a list of one; `lone` says whether silently.
    pub fn texts(&mut self, name: &str, span: Span, node: Node, lone: Lone) -> Vec<Spanned<String>> {
        match node.kind {
            Kind::List { items, .. } => items.into_iter().filter_map(|item| self.text(name, item.span, item)).collect(),
            Kind::Plain(text) if scalar::classify(&text) == Plain::Null => {
                self.wrong_kind(name, "a list", span, &Node { span: node.span, kind: Kind::Plain(text) }, None);
                Vec::new()
            }
            Kind::Plain(_) | Kind::Text { .. } => {
                if lone == Lone::Reported {
                    let written = self.text.get(node.span.start as usize..node.span.end as usize).unwrap_or_default();
                    let diagnostic = self.of_wrong_kind(name, "a list", span, &node);
                    let diagnostic = diagnostic.map(|diagnostic| match written.contains(['\n', '\r']) {
                        true => diagnostic,
                        false => diagnostic.correct(node.span, format!("[{written}]")),
                    });
                    diagnostic.into_iter().for_each(|diagnostic| self.report(diagnostic));
                }
                self.text(name, span, node).into_iter().collect()
            }
            _ => {
                self.wrong_kind(name, "a list", span, &node, None);
                Vec::new()
            }
        }
    }

    fn within_limits(&mut self, name: &str, text: &str, place: Span) -> Option<i128> {
        let value = scalar::int_value(text);
        if value.is_none() {
            let message = format!("expected an integer for {}, found one of {} digits", quote(name), text.len());
            self.report(Diagnostic::new(&codes::E0103, place, message).label("too large for any integer type"));
        }
        value
    }

    fn no_value<T>(&mut self, name: &str, expected: &str, span: Span, node: &Node) -> Option<T> {
        self.wrong_kind(name, expected, span, node, None);
        None
    }

    /// Reports a number or boolean in a spelling that only some YAML readers take for one. Which one
    /// they take it for they disagree about, so it has no value.
    pub fn misspelt<T>(
        &mut self,
        name: &str,
        expected: &str,
        written: &str,
        place: Span,
        right: Option<String>,
    ) -> Option<T> {
        let message = format!("expected {expected} for {}, found {}", quote(name), quote(written));
        let diagnostic = Diagnostic::new(&codes::E0105, place, message);
        let octal = octal_reading(written).filter(|octal| right.as_ref() != Some(octal));
        // `010` is eight to some readers, and `1:30` ninety: which was meant nobody but the author knows.
        let sure = octal.is_none() && !written.contains(':');
        let diagnostic = match (&right, octal) {
            (Some(right), Some(octal)) => {
                diagnostic.help(format!("write {}, or `{octal}` if octal digits are meant", quote(right)))
            }
            (Some(right), None) => diagnostic.help(format!("write {}", quote(right))),
            (None, _) => diagnostic,
        };
        let diagnostic = diagnostic.label("not how a contract spells it");
        self.report(match right {
            Some(right) if sure => diagnostic.correct(place, right),
            Some(right) => diagnostic.suggest(place, right),
            None => diagnostic,
        });
        None
    }

    fn unquote(&mut self, name: &str, expected: &str, text: &str, place: Span) {
        let message = format!("expected {expected} for {}, found the text {} in quotes", quote(name), quote(text));
        let diagnostic = Diagnostic::new(&codes::E0106, place, message).label("text, because of the quotes");
        self.report(diagnostic.help("remove the quotes").correct(place, text));
    }
}

/// Whether a mapping declares structs or enums, so that it is not the `types` of old contracts.
fn declares_types(node: &Node) -> bool {
    let Kind::Map(entries) = &node.kind else { return false };
    entries.iter().any(|entry| match &entry.value.kind {
        Kind::Map(keys) => keys.iter().any(|key| matches!(key.key.value.as_ref(), "fields" | "values")),
        _ => false,
    })
}

/// What [`Lower::texts`] says about a text that is not in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lone {
    Accepted,
    Reported,
}

/// What C and YAML 1.1 read `010` as.
fn octal_reading(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let digits = digits.strip_prefix('0').filter(|digits| !digits.is_empty())?;
    let value = u128::from_str_radix(digits, 8).ok()?;
    Some(if value == 0 { "0".to_owned() } else { format!("{sign}{value}") })
}

/// The integer that a rightly spelt number is: `1e3` is 1000.
fn right_integer(number: &str) -> Option<String> {
    if scalar::is_int(number) { Some(number.to_owned()) } else { scalar::integral(number) }
}

/// What a node is, for "found …".
pub(super) fn describe(node: &Node) -> String {
    match &node.kind {
        Kind::Plain(text) => describe_plain(text),
        Kind::Text { text, .. } => format!("the text {}", quote(text)),
        Kind::List { .. } => "a list".to_owned(),
        Kind::Map(_) => "a mapping".to_owned(),
        Kind::Reported => "something else".to_owned(),
    }
}

fn describe_plain(text: &str) -> String {
    match scalar::classify(text) {
        Plain::Null => "nothing".to_owned(),
        Plain::Bool(_) => format!("the boolean {}", quote(text)),
        Plain::Int => format!("the integer {}", quote(text)),
        Plain::Float => format!("the number {}", quote(text)),
        Plain::OddBool(_) | Plain::OddNumber(_) | Plain::Text => format!("the text {}", quote(text)),
    }
}
