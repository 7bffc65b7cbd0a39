//! What serde says about data that is not what was expected, without the names of types in this program.

/// The words of an error, in which a type's name is what it looks like in the data: `mapping` for structures.
pub fn said(words: &str, mapping: &str) -> String {
    if words.starts_with("data did not match any variant of") {
        let place = words.find(" at line ").map_or("", |at| &words[at..]);
        return format!("it has none of the forms that are expected{place}");
    }
    let Some((before, expected)) = words.split_once("expected ") else { return words.to_owned() };
    let (expected, place) = expected.split_at(expected.find(" at line ").unwrap_or(expected.len()));
    let first = expected.split(' ').next().unwrap_or_default();
    let is_type = |kind: &str| expected.split(' ').any(|word| word == kind);
    let plain = match first {
        _ if is_type("struct") || is_type("variant") || first == "map" => mapping,
        _ if is_type("enum") => "one of its names",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        _ => expected,
    };
    format!("{before}expected {plain}{place}")
}

#[cfg(test)]
mod tests {
    use super::said;

    /// Without this, people would read names that are nowhere but in our sources.
    #[test]
    fn no_names_of_types() {
        for (words, expected) in [
            (
                "invalid type: sequence, expected struct Members at line 1 column 0",
                "invalid type: sequence, expected an object at line 1 column 0",
            ),
            ("invalid length 0, expected struct File with 1 element", "invalid length 0, expected an object"),
            ("invalid type: map, expected tuple struct Uri", "invalid type: map, expected an object"),
            (
                "invalid value: integer `-1`, expected u32 at line 3",
                "invalid value: integer `-1`, expected a whole number that is not negative at line 3",
            ),
            (
                "invalid type: integer `1`, expected struct variant A::B",
                "invalid type: integer `1`, expected an object",
            ),
            ("invalid type: map, expected enum Kind", "invalid type: map, expected one of its names"),
            (
                "data did not match any variant of untagged enum Known at line 1 column 3",
                "it has none of the forms that are expected at line 1 column 3",
            ),
            ("unknown field `a`, expected one of `b`, `c`", "unknown field `a`, expected one of `b`, `c`"),
            ("invalid type: integer `5`, expected a string", "invalid type: integer `5`, expected a string"),
            ("missing field `rule`", "missing field `rule`"),
        ] {
            assert_eq!(said(words, "an object"), expected);
        }
    }
}
