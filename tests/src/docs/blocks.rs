//! Markdown pages as code blocks: owns [`Page`] and [`Block`].

/// A page and its fenced code blocks.
pub struct Page {
    lines: Vec<String>,
    /// In the order of the page.
    pub blocks: Vec<Block>,
}

/// One fenced code block.
#[derive(Debug)]
pub struct Block {
    /// Line of the opening backticks, from 1.
    pub line: usize,
    /// All that follows the backticks.
    pub info: String,
    /// The text inside, with the indentation of the backticks taken off.
    pub body: String,
    /// The first line of the paragraph after the block.
    pub following: String,
    ticks: usize,
    indent: usize,
    /// Line of the closing backticks, from 1.
    end: usize,
}

impl Block {
    /// The words after the backticks.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.info.split_whitespace()
    }

    /// What the block is: the first word after the backticks.
    pub fn kind(&self) -> &str {
        self.words().next().unwrap_or_default()
    }
}

impl Page {
    /// Finds the blocks of a page.
    pub fn parse(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (index, line) in lines.iter().enumerate() {
            // A block ends with as many backticks as it began with, so that it can show a block.
            let ticks = line.trim_start().bytes().take_while(|&byte| byte == b'`').count();
            let wanted = open.as_ref().map_or(3, |block: &Block| block.ticks);
            let fence = (ticks >= wanted).then(|| &line.trim_start()[ticks..]);
            match (&mut open, fence) {
                (None, Some(info)) => {
                    open = Some(Block {
                        ticks,
                        line: index + 1,
                        info: info.to_owned(),
                        body: String::new(),
                        following: String::new(),
                        indent: line.len() - line.trim_start().len(),
                        end: 0,
                    });
                }
                (Some(block), None) => {
                    block.body.push_str(line.get(block.indent..).unwrap_or_default());
                    block.body.push('\n');
                }
                (Some(block), Some(_)) => {
                    block.end = index + 1;
                    let after = lines[index + 1..].iter().find(|line| !line.trim().is_empty());
                    block.following = after.cloned().unwrap_or_default();
                    blocks.extend(open.take());
                }
                (None, None) => {}
            }
        }
        Self { lines, blocks }
    }

    /// The page with the bodies of some blocks replaced.
    pub fn with(&self, replaced: &[(&Block, String)]) -> String {
        let mut text = String::new();
        let mut next = 0;
        for (block, body) in replaced {
            for line in &self.lines[next..block.line] {
                text.push_str(line);
                text.push('\n');
            }
            for line in body.lines() {
                if !line.is_empty() {
                    text.push_str(&" ".repeat(block.indent));
                }
                text.push_str(line);
                text.push('\n');
            }
            next = block.end - 1;
        }
        for line in &self.lines[next..] {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n```yaml E1\na: 1\n```\n\n(Why.)\n\n   ```console\n   $ b\n\n   c\n   ```\nend\n";

    #[test]
    fn blocks_have_places_and_bodies() {
        let page = Page::parse(PAGE);
        let [first, second] = &page.blocks[..] else { panic!("two blocks") };
        assert_eq!((first.line, first.kind(), first.body.as_str()), (3, "yaml", "a: 1\n"));
        assert_eq!(first.following, "(Why.)");
        assert_eq!((second.line, second.body.as_str()), (9, "$ b\n\nc\n"));
    }

    #[test]
    fn a_block_can_show_a_block() {
        let page = Page::parse("````console\n$ a\n```yaml\nb: 1\n```\n````\n");
        assert_eq!(page.blocks.len(), 1);
        assert_eq!(page.blocks[0].body, "$ a\n```yaml\nb: 1\n```\n");
    }

    #[test]
    fn replacing_keeps_the_rest_of_the_page() {
        let page = Page::parse(PAGE);
        let text = page.with(&[(&page.blocks[1], "$ b\n\nd\n".into())]);
        assert_eq!(text, PAGE.replace("   c", "   d"));
        assert_eq!(page.with(&[]), PAGE);
    }
}
