//! The order of structs: each after the structs it contains. Finds those that contain themselves.

/// A field of one struct whose type reaches another struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of the field.
    pub field: usize,
    /// Index of the struct it contains.
    pub to: usize,
}

/// Cycles that are described; more say nothing that these don't.
pub const MOST_CYCLES: usize = 1000;

/// Steps of a cycle that are kept, besides the last.
pub const MOST_STEPS: usize = 8;

/// Structs that contain each other in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Its first edges in order, each with the struct it is in.
    pub steps: Vec<(usize, Edge)>,
    /// The edge that leads back to the first struct, where it is not the last of `steps`.
    pub closing: (usize, Edge),
    /// Number of edges.
    pub length: usize,
}

/// What [`sort`] found.
#[derive(Debug, Default)]
pub struct Order {
    /// Struct indices, every one after those it contains (but for cycles); otherwise as given.
    pub order: Vec<usize>,
    /// The edges that lead back to a struct they come from, each with the struct it is in.
    pub closing: Vec<(usize, Edge)>,
    /// The cycles that the first [`MOST_CYCLES`] of them close.
    pub cycles: Vec<Cycle>,
    /// How deep each struct nests others: 1 for none.
    pub depths: Vec<usize>,
}

/// Sorts structs by what they contain. Takes time linear in the number of edges, and no stack.
pub fn sort(edges: &[Vec<Edge>]) -> Order {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open(usize),
        Done,
    }
    let mut states = vec![State::New; edges.len()];
    let mut order = Order { depths: vec![1; edges.len()], ..Order::default() };
    for root in 0..edges.len() {
        if states[root] != State::New {
            continue;
        }
        // The path from the root: each struct, and the next of its edges.
        let mut path = vec![(root, 0)];
        states[root] = State::Open(0);
        while let Some(&mut (node, ref mut next)) = path.last_mut() {
            let Some(&edge) = edges[node].get(*next) else {
                order.order.push(node);
                states[node] = State::Done;
                path.pop();
                if let Some(&(parent, _)) = path.last() {
                    order.depths[parent] = order.depths[parent].max(order.depths[node] + 1);
                }
                continue;
            };
            *next += 1;
            match states[edge.to] {
                State::New => {
                    states[edge.to] = State::Open(path.len());
                    path.push((edge.to, 0));
                }
                State::Open(from) => {
                    order.closing.push((node, edge));
                    if order.cycles.len() < MOST_CYCLES {
                        let steps = path[from..].iter().map(|&(node, next)| (node, edges[node][next - 1]));
                        let (steps, length) = (steps.take(MOST_STEPS).collect(), path.len() - from);
                        order.cycles.push(Cycle { steps, closing: (node, edge), length });
                    }
                }
                State::Done => order.depths[node] = order.depths[node].max(order.depths[edge.to] + 1),
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[&[usize]]) -> Vec<Vec<Edge>> {
        let edge = |(field, &to): (usize, &usize)| Edge { field, to };
        edges.iter().map(|to| to.iter().enumerate().map(edge).collect()).collect()
    }

    /// Without it a struct's layout could be asked for before it is known.
    #[test]
    fn contained_structs_come_first() {
        let found = sort(&graph(&[&[2, 1], &[2], &[], &[0]]));
        assert_eq!(found.order, [2, 1, 0, 3]);
        assert_eq!(found.depths, [3, 2, 1, 4]);
        assert!(found.cycles.is_empty());
    }

    /// Without it a cycle could be missed, or reported once for every struct on it.
    #[test]
    fn cycles_are_found_once() {
        let path = |cycle: &Cycle| cycle.steps.iter().map(|(node, _)| *node).collect::<Vec<_>>();
        let found = sort(&graph(&[&[1], &[2, 3], &[1], &[0]]));
        assert_eq!(found.cycles.iter().map(path).collect::<Vec<_>>(), [vec![1, 2], vec![0, 1, 3]]);
        assert_eq!(found.order.len(), 4);
        let own = sort(&graph(&[&[0, 0]]));
        assert_eq!(own.cycles.len(), 2);
    }

    /// Without it structs that all contain each other could take memory without bound.
    #[test]
    fn cycles_are_rationed() {
        let all: Vec<usize> = (0..300).collect();
        let found = sort(&graph(&vec![all.as_slice(); 300]));
        assert_eq!(found.closing.len(), 300 * 301 / 2);
        assert_eq!(found.cycles.len(), MOST_CYCLES);
        assert!(found.cycles.iter().all(|cycle| cycle.steps.len() <= MOST_STEPS));
    }

    /// Without it a long chain could overflow the stack.
    #[test]
    fn long_chains() {
        let edges: Vec<Vec<Edge>> =
            (0..200_000).map(|i| if i + 1 < 200_000 { vec![Edge { field: 0, to: i + 1 }] } else { vec![] }).collect();
        let found = sort(&edges);
        assert_eq!(found.order[0], 199_999);
        assert_eq!(found.depths[0], 200_000);
    }
}
