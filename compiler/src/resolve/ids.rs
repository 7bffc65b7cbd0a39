//! Type ids: their range, who may use which, which are taken or retired; domains' ranges.

use indexmap::IndexMap;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::raw;
use crate::source::{Span, Spanned};

/// The last id that belongs to the framework on every connection.
pub const LAST_FRAMEWORK_ID: u16 = 99;

/// Everything that is known about ids before the first message is looked at.
pub struct Ids<'a> {
    core: bool,
    /// `tag_ranges`, in ascending order; `None` where there are none, or one of them is unusable.
    ranges: Option<Vec<Range<'a>>>,
    /// Retired ids in ascending order, not overlapping.
    retired: Vec<(u16, u16, Span)>,
    domains: IndexMap<&'a str, (u16, u16, Span)>,
    taken: IndexMap<u16, (&'a str, Span)>,
}

/// One of the `tag_ranges`.
#[derive(Clone, Copy)]
struct Range<'a> {
    name: &'a str,
    span: Span,
    first: u16,
    last: u16,
}

impl<'a> Ids<'a> {
    /// Reads the ranges of a file and reports those that cannot be.
    pub fn collect(file: &'a raw::File, core: bool, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut retired: Vec<_> = file
            .reserved_ids
            .iter()
            .filter_map(|range| {
                let (first, last) = ends("retired range", range, diagnostics)?;
                Some((first, last, range.span))
            })
            .collect();
        retired.sort_by_key(|&(first, last, _)| (first, last));
        let mut domains = IndexMap::new();
        for domain in &file.domains {
            let Some(range) = &domain.type_range else { continue };
            let what = format!("`type_range` of domain {}", quote(&domain.name.value));
            if let Some((first, last)) = ends(&what, range, diagnostics) {
                domains.insert(domain.name.value.as_str(), (first, last, range.span));
            }
        }
        let ranges = tag_ranges(file, diagnostics);
        Self { core, ranges, retired: merged(retired), domains, taken: IndexMap::new() }
    }

    /// Checks the id of one message; the id if it can be one.
    pub fn check(&mut self, message: &'a raw::Message, diagnostics: &mut Vec<Diagnostic>) -> Option<u16> {
        let written = message.tlv_type.as_ref()?;
        let name = &message.name.value;
        let mut report = |diagnostic| diagnostics.push(diagnostic);
        let id = match u16::try_from(written.value) {
            Ok(id) if id != 0 => id,
            _ => {
                let text = format!("type id {} of {} is not between 1 and 65535", written.value, quote(name));
                let diagnostic = Diagnostic::new(&codes::E0401, written.span, text);
                report(if written.value == 0 { diagnostic.help("0 is never used on the wire") } else { diagnostic });
                return None;
            }
        };
        if let Some((other, span)) = self.taken.get(&id) {
            let text = format!("type id {id} is used by both {} and {}", quote(other), quote(name));
            report(
                Diagnostic::new(&codes::E0402, written.span, text)
                    .label("used again here")
                    .related(*span, "first used here"),
            );
        } else {
            self.taken.insert(id, (name, written.span));
        }
        let at = self.retired.partition_point(|&(first, ..)| first <= id);
        if let Some(&(_, last, span)) = at.checked_sub(1).and_then(|at| self.retired.get(at))
            && id <= last
        {
            let text = format!("type id {id} of {} is retired", quote(name));
            let diagnostic = Diagnostic::new(&codes::E0404, written.span, text).related(span, "retired here");
            report(diagnostic.help("choose a free id: old recordings and peers know this one as something else"));
        }
        self.check_ranges(id, name, written.span, diagnostics);
        self.check_domain(id, message, written.span, diagnostics);
        Some(id)
    }

    fn check_ranges(&self, id: u16, name: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) {
        let range = self.ranges.as_ref().map(|ranges| {
            let at = ranges.partition_point(|range| range.first <= id);
            at.checked_sub(1).and_then(|at| ranges.get(at)).filter(|range| id <= range.last)
        });
        let in_core = matches!(range, Some(Some(range)) if range.name == "core");
        if (id <= LAST_FRAMEWORK_ID || in_core) && !self.core {
            let text = format!("type id {id} of {} belongs to the framework", quote(name));
            let mut diagnostic = Diagnostic::new(&codes::E0403, span, text);
            if id <= LAST_FRAMEWORK_ID {
                diagnostic = diagnostic.help(format!(
                    "ids 1 to {LAST_FRAMEWORK_ID} are the framework's own messages on every connection; give it one from {} on",
                    LAST_FRAMEWORK_ID + 1
                ));
            } else {
                diagnostic = diagnostic.help("ids in the `core` range are the framework's");
            }
            if let Some(Some(range)) = range.filter(|_| in_core) {
                diagnostic = diagnostic.related(range.span, "the `core` range is given here");
            }
            diagnostics.push(diagnostic);
            return;
        }
        match range {
            Some(Some(range)) if range.name == "experimental" => diagnostics.push(
                Diagnostic::new(
                    &codes::W0401,
                    span,
                    format!("type id {id} of {} is in the `experimental` range", quote(name)),
                )
                .help("peers may change or drop such messages without a new version"),
            ),
            Some(None) => diagnostics.push(Diagnostic::new(
                &codes::W0402,
                span,
                format!("type id {id} of {} is in none of the `tag_ranges`", quote(name)),
            )),
            _ => {}
        }
    }

    fn check_domain(&self, id: u16, message: &raw::Message, span: Span, diagnostics: &mut Vec<Diagnostic>) {
        let Some(domain) = &message.domain else { return };
        let Some(&(first, last, range)) = self.domains.get(domain.value.as_str()) else { return };
        if !(first..=last).contains(&id) {
            let text = format!(
                "type id {id} of {} is outside {first}-{last}, the range of domain {}",
                quote(&message.name.value),
                quote(&domain.value)
            );
            diagnostics.push(Diagnostic::new(&codes::W0403, span, text).related(range, "the range is given here"));
        }
    }
}

/// Tag ranges in ascending order; reports those that overlap.
fn tag_ranges<'a>(file: &'a raw::File, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Range<'a>>> {
    let written = file.tag_ranges.as_ref().filter(|ranges| !ranges.is_empty())?;
    let mut ranges = Vec::new();
    for range in written {
        let what = format!("tag range {}", quote(&range.name.value));
        let Some(ids) = &range.range else { continue };
        if let Some((first, last)) = ends(&what, ids, diagnostics) {
            ranges.push(Range { name: &range.name.value, span: ids.span, first, last });
        }
    }
    let usable = ranges.len() == written.len();
    ranges.sort_by_key(|range| (range.first, range.span));
    let mut overlapping = false;
    let mut widest: Option<Range> = None;
    for &range in &ranges {
        if let Some(other) = widest.filter(|other| range.first <= other.last) {
            overlapping = true;
            let shown = |range: Range| format!("{} ({}-{})", quote(range.name), range.first, range.last);
            let text = format!("tag ranges {} and {} overlap", shown(other), shown(range));
            let (earlier, later) = if other.span < range.span { (other, range) } else { (range, other) };
            let diagnostic = Diagnostic::new(&codes::E0406, later.span, text);
            diagnostics.push(diagnostic.related(earlier.span, "the other range is given here"));
        }
        if widest.is_none_or(|other| range.last > other.last) {
            widest = Some(range);
        }
    }
    (usable && !overlapping).then_some(ranges)
}

/// The ends of a range of ids, where they can be that.
fn ends(what: &str, range: &Spanned<raw::IdRange>, diagnostics: &mut Vec<Diagnostic>) -> Option<(u16, u16)> {
    let ends = self::range(range);
    if ends.is_none() {
        let raw::IdRange { first, last } = range.value;
        let shown = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let message = format!("{what} is {shown}, which is not within 0 to 65535");
        diagnostics.push(Diagnostic::new(&codes::E0407, range.span, message));
    }
    ends
}

/// Ascending ranges without overlaps: each is cut where an earlier one covers it.
fn merged(ranges: Vec<(u16, u16, Span)>) -> Vec<(u16, u16, Span)> {
    let mut merged: Vec<(u16, u16, Span)> = Vec::new();
    for (first, last, span) in ranges {
        match merged.last() {
            Some(&(_, covered, _)) if last <= covered => {}
            Some(&(_, covered, _)) if first <= covered => merged.push((covered + 1, last, span)),
            _ => merged.push((first, last, span)),
        }
    }
    merged
}

/// A range of ids, where it can be one.
pub fn range(range: &Spanned<raw::IdRange>) -> Option<(u16, u16)> {
    let ends = (u16::try_from(range.value.first).ok()?, u16::try_from(range.value.last).ok()?);
    (ends.0 <= ends.1).then_some(ends)
}
