//! Relative links in Markdown lead to files that exist.

use super::File;
use crate::workspace;

pub fn check(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for File { path, text } in files.iter().filter(|file| file.path.ends_with(".md")) {
        let folder = workspace::root().join(path);
        for target in targets(text) {
            let file = target.split('#').next().unwrap_or_default();
            let exists = file.is_empty() || folder.parent().is_some_and(|folder| folder.join(file).exists());
            if !exists {
                findings.push(format!("{path}: a link to {target}, which is not there"));
            }
        }
    }
    findings
}

/// The targets of the links in a text that are neither in a code block nor on another host.
fn targets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    // Backticks of the block that is open; a block can show a block by having more of them.
    let mut open = 0;
    for line in text.lines() {
        let ticks = line.trim_start().bytes().take_while(|&byte| byte == b'`').count();
        if ticks >= 3 && (open == 0 || ticks >= open) {
            open = if open == 0 { ticks } else { 0 };
        }
        if open == 0 {
            let after_bracket = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            found.extend(after_bracket.filter(|target| !target.contains("://")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_outside_code() {
        let text = "[a](b.md) and [c](d.md#e), [f](https://g)\n```\n[h](i.md)\n```\n[j](k/l.md)\n";
        assert_eq!(targets(text), ["b.md", "d.md#e", "k/l.md"]);
    }
}
