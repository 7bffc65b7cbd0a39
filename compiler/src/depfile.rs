//! Dependency files: which files are made of which, in the form that make, ninja and every build system that reads
//! what C compilers write understand.

/// A path that cannot be in a dependency file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{}` cannot be in a dependency file: it has a line break", .0.escape_debug())]
pub struct Unwritable(pub String);

/// The rule that `outputs` are made of `input`. One output a line; ends with a line break.
pub fn rule(outputs: &[String], input: &str) -> Result<String, Unwritable> {
    let outputs: Vec<String> = outputs.iter().map(|path| escape(path)).collect::<Result<_, _>>()?;
    Ok(format!("{}: {}\n", outputs.join(" \\\n  "), escape(input)?))
}

/// A path as make and ninja both read it: a backslash before blanks, `#` and `:`, two dollars for one, and backslashes
/// doubled where they precede a blank or `#`.
fn escape(path: &str) -> Result<String, Unwritable> {
    if path.contains(['\n', '\r']) {
        return Err(Unwritable(path.to_owned()));
    }
    let mut escaped = String::with_capacity(path.len() + 4);
    let mut backslashes = 0;
    for c in path.chars() {
        match c {
            ' ' | '\t' | '#' => {
                // Those before it would escape it, or each other.
                escaped.extend(std::iter::repeat_n('\\', backslashes + 1));
                escaped.push(c);
            }
            ':' => escaped.push_str("\\:"),
            '$' => escaped.push_str("$$"),
            c => escaped.push(c),
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_special_is_escaped() {
        let rule =
            |outputs: &[&str], input| rule(&outputs.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>(), input);
        assert_eq!(rule(&["a.ml", "a.mli"], "c.yaml"), Ok("a.ml \\\n  a.mli: c.yaml\n".to_owned()));
        assert_eq!(rule(&["my file#1"], "$x y"), Ok("my\\ file\\#1: $$x\\ y\n".to_owned()));
        assert_eq!(rule(&["a\\ b"], "c\\d"), Ok("a\\\\\\ b: c\\d\n".to_owned()));
        assert_eq!(rule(&["a"], "b\nc"), Err(Unwritable("b\nc".to_owned())));
    }
}
