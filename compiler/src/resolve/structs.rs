//! Structs: what they contain, in which order, how large they are.

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Field, Layout, Scalar, Struct, StructId, Type};
use crate::layout;
use crate::raw;

use super::fields::{self, Context};
use super::order::{self, Cycle, Edge, Order};
use super::{size, text};

/// Structs inside each other, at most.
const MAX_DEPTH: usize = 64;

/// The structs of a file.
pub struct Structs {
    /// Every one after those it contains.
    pub structs: Vec<Struct>,
    /// Whether the layout of each is known.
    sound: Vec<bool>,
    /// Where each struct of the raw file went.
    ids: Vec<StructId>,
}

/// Resolves all structs.
pub fn resolve(cx: &mut Context, file: &raw::File) -> Structs {
    let mut sound = vec![true; file.structs.len()];
    let mut structs: Vec<Option<Struct>> = Vec::new();
    for (index, raw) in file.structs.iter().enumerate() {
        let mut fields = Vec::with_capacity(raw.fields.as_ref().map_or(0, Vec::len));
        for raw in raw.fields.iter().flatten() {
            let resolved = fields::resolve(cx, raw);
            sound[index] &= resolved.sound;
            fields.push(resolved.field);
        }
        match &raw.fields {
            None => sound[index] = false,
            Some(fields) if fields.is_empty() => {
                sound[index] = false;
                let message = format!("struct {} has no fields", quote(&raw.name.value));
                let diagnostic = Diagnostic::new(&codes::E0208, raw.name.span, message);
                cx.diagnostics.push(diagnostic.help("only a message may be empty"));
            }
            Some(_) => {}
        }
        structs.push(Some(Struct {
            name: raw.name.value.clone(),
            span: raw.name.span,
            description: text(&raw.description),
            fields,
            layout: Layout { size: 1, align: 1 },
        }));
    }
    let edges: Vec<Vec<Edge>> = structs.iter().flatten().map(|item| edges(&item.fields)).collect();
    let order = order::sort(&edges);
    report_cycles(cx, file, &order);
    report_depth(cx, file, &order);
    for &(node, edge) in &order.closing {
        sound[node] = false;
        if let Some(item) = &mut structs[node] {
            item.fields[edge.field].ty = Type::Scalar(Scalar::U8);
        }
    }
    let mut ids = vec![StructId(0); structs.len()];
    for (position, &index) in order.order.iter().enumerate() {
        ids[index] = StructId(position);
    }
    let mut done = Structs { structs: Vec::new(), sound: Vec::new(), ids };
    for &index in &order.order {
        let Some(mut item) = structs[index].take() else { continue };
        let laid_out = done.lay_out(cx, &mut item.fields, sound[index] && order.depths[index] <= MAX_DEPTH, |fault| {
            size::too_large("struct", &codes::E0602, &file.structs[index].name, fault)
        });
        done.sound.push(laid_out.is_some());
        item.layout = laid_out.unwrap_or(item.layout);
        done.structs.push(item);
    }
    done
}

impl Structs {
    /// Gives the fields their final struct ids and places; `None` where the layout cannot be known.
    /// A layout that is too large is reported as `too_large` says.
    pub fn lay_out(
        &self,
        cx: &mut Context,
        fields: &mut [Field],
        sound: bool,
        too_large: impl FnOnce(size::Fault) -> Diagnostic,
    ) -> Option<Layout> {
        let mut sound = sound;
        for field in fields.iter_mut() {
            if let Some(id) = base(&mut field.ty) {
                *id = self.ids[id.0];
                sound &= self.sound.get(id.0).is_some_and(|sound| *sound);
            }
        }
        if !sound {
            return None;
        }
        match layout::composite(fields, cx.enums, &self.structs) {
            Ok(layout) => Some(layout),
            Err(error) => {
                let largest = size::largest(fields, cx.enums, &self.structs);
                cx.diagnostics.push(too_large(size::Fault { size: error.size, largest }));
                None
            }
        }
    }
}

/// The struct that a type is made of, if any.
fn base(ty: &mut Type) -> Option<&mut StructId> {
    match ty {
        Type::Struct(id) => Some(id),
        Type::Array { elem, .. } | Type::Vec { elem, .. } => base(elem),
        Type::Scalar(_) | Type::String { .. } | Type::Enum(_) => None,
    }
}

fn edges(fields: &[Field]) -> Vec<Edge> {
    let edge = |(index, field): (usize, &Field)| {
        let to = base(&mut field.ty.clone())?.0;
        Some(Edge { field: index, to })
    };
    fields.iter().enumerate().filter_map(edge).collect()
}

fn report_cycles(cx: &mut Context, file: &raw::File, order: &Order) {
    let name = |index: usize| &file.structs[index].name.value;
    let field = |(node, edge): (usize, Edge)| file.structs[node].fields.as_ref().map(|fields| &fields[edge.field]);
    let place = |field: &raw::Field| field.ty.as_ref().map_or(field.name.span, |ty| ty.span);
    for Cycle { steps, closing, length } in &order.cycles {
        let (Some(&(first, _)), Some(last)) = (steps.first(), field(*closing)) else { continue };
        let mut path = String::new();
        for &(node, edge) in steps {
            let step = field((node, edge)).map_or("", |field| &field.name.value);
            path.push_str(&format!("{}.{} → ", excerpt(name(node)), excerpt(step)));
        }
        if *length > steps.len() {
            path.push_str("… → ");
        }
        let message = format!("struct {} contains itself: {path}{}", quote(name(first)), excerpt(name(first)));
        let mut diagnostic = Diagnostic::new(&codes::E0207, place(last), message)
            .help("a struct has a fixed size; refer to another value by an id or index instead");
        for step in steps.iter().filter(|step| *step != closing) {
            if let Some(field) = field(*step) {
                let contained = quote(name(step.1.to));
                diagnostic = diagnostic.related(place(field), format!("contains {contained} here"));
            }
        }
        cx.diagnostics.push(diagnostic);
    }
}

/// A name inside a longer path.
fn excerpt(name: &str) -> String {
    quote(name).trim_matches('`').to_owned()
}

fn report_depth(cx: &mut Context, file: &raw::File, order: &Order) {
    // A cycle would be deep as well.
    if !order.closing.is_empty() {
        return;
    }
    for (raw, &depth) in file.structs.iter().zip(&order.depths) {
        if depth == MAX_DEPTH + 1 {
            let message = format!("struct {} nests structs more than {MAX_DEPTH} levels deep", quote(&raw.name.value));
            cx.diagnostics.push(Diagnostic::new(&codes::E0206, raw.name.span, message));
        }
    }
}
