//! `myc-schema docs`: what its pages say is what the contract says, and a real browser shows them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use myc_schema::value;
use mycelium_tests::browser;
use mycelium_tests::contract::{Contract, files, stem};
use mycelium_tests::golden;
use mycelium_tests::program::{Run, folder, run};
use mycelium_tests::toolchain::root;

fn docs(here: &Path, arguments: &[&str]) -> Run {
    run(here, [&["docs"], arguments].concat())
}

/// A contract whose every text tries to be something else than text.
const HOSTILE: &str = r##"
domains:
  "<b>": { description: "</td><script>window.broken = 1</script>", topic: "\"><img/src=x/onerror=window.broken=2>" }
invariants:
  - { name: "</section>", description: "<img src=x onerror=window.broken=3> | `a` [b](javascript:alert(1))", severity: "&amp;" }
enums: { Side: { description: "*/ --> ]]> <!--", values: { Buy: 1 } } }
structs: { Price: { description: "' onclick='window.broken=4", fields: { value: i64 } } }
messages:
  Order:
    tlv_type: 1000
    domain: "<b>"
    deprecated: "<svg onload=window.broken=5>"
    description: "# heading\n\n```\n</script><script>window.broken = 6</script>"
    fields:
      price: { type: Price, description: "a | b\n| --- |\n<i>", unit: "<u>" }
      text: { type: "String<20>", validation: [{ one_of: ["</pre><script>window.broken=7</script>"] }] }
      side: { type: "[Side; 2]", optional: true }
"##;

/// Without this, a description could run as code in the browser of whoever reads the documentation.
#[test]
fn texts_of_a_contract_are_text() {
    let hostile = HOSTILE.replace("String<20>", "String<60>");
    let here = folder(&[("contracts.yaml", &hostile)]);
    docs(here.path(), &["--out", "site"]).made_folders();
    let page = here.path().join("site/contracts.html");
    let answers = browser::ask(
        &page,
        "",
        "return [String(window.broken), String(document.querySelectorAll('img, i, b b, section section, [onclick], [onload]').length), \
         document.querySelector('[id=\"Order.price\"] .text').textContent, String(document.querySelectorAll('script').length), \
         document.querySelector('pre.json').textContent.includes('</pre><script>') ? 'whole' : 'cut'];",
    );
    assert_eq!(answers, ["undefined", "0", "a | b\n| --- |\n<i> <u>", "2", "whole"]);
    // Of Markdown a renderer could make HTML as well: but for anchors there is no markup that is not escaped.
    let markdown = fs::read_to_string(here.path().join("site/contracts.md")).expect("Markdown");
    let outside: String = markdown.split("```").step_by(2).collect();
    assert!(outside.contains("a \\| b \\| --- \\| \\<i\\>") && outside.contains("\\# heading"), "{outside}");
    let mut left = String::new();
    let mut characters = outside.chars();
    while let Some(character) = characters.next() {
        // What follows a backslash is itself.
        if character == '\\' {
            characters.next()
        } else {
            left.push(character);
            None
        };
    }
    for tag in left.split('<').skip(1) {
        assert!(["a href=\"#", "a id=\"", "/a>"].iter().any(|known| tag.starts_with(known)), "<{tag}");
    }
    assert!(!left.contains('`') && !left.contains("[b]("), "{left}");
}

/// Without this, a page could be broken for what somebody's contract has and no test's.
#[test]
fn every_contract_of_the_corpus_has_pages() {
    let here = folder(&[]);
    let mut links = 0;
    for path in files(&root().join("tests/schemas/valid"), ".yaml") {
        let contract = Contract::read(&stem(&path, ".yaml"), &path);
        let out = here.path().join(stem(&path, ".yaml"));
        docs(here.path(), &[&path.to_string_lossy(), "--out", &out.to_string_lossy()]).made_folders();
        let name = stem(&path, ".yaml");
        let html = fs::read_to_string(out.join(format!("{name}.html"))).expect("a page");
        let markdown = fs::read_to_string(out.join(format!("{name}.md"))).expect("Markdown");
        let index = fs::read_to_string(out.join("index.html")).expect("a list");
        for (page, text) in [("html", &html), ("md", &markdown)] {
            let values = |attribute: &str| -> Vec<String> {
                let begin = format!(" {attribute}=\"");
                text.split(&begin).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
            };
            let ids: Vec<String> = values("id");
            let unique: BTreeSet<&String> = ids.iter().collect();
            assert_eq!(unique.len(), ids.len(), "{name}.{page}: an id twice");
            for target in values("href") {
                match target.strip_prefix('#') {
                    Some(id) => assert!(unique.contains(&id.to_owned()), "{name}.{page}: nothing is {id}"),
                    None => assert!(target == "index.html" || target == "data:,", "{name}.{page}: {target}"),
                }
                links += 1;
            }
            for message in &contract.schema.messages {
                assert!(unique.contains(&message.name), "{name}.{page}: {}", message.name);
            }
        }
        for field in
            contract.schema.messages.iter().flat_map(|message| message.fields.iter().map(move |field| (message, field)))
        {
            let (message, field) = field;
            let row = format!(
                "<tr id=\"{}.{}\"><td>{}</td><td>{}</td>",
                message.name, field.name, field.place.offset, field.place.size
            );
            assert!(html.contains(&row), "{name}: {row}");
        }
        assert!(
            index.contains(&format!("href=\"{name}.html\"")) && index.contains(&format!("href=\"{name}.md\"")),
            "{index}"
        );
        // The same again: nothing in it depends on when and where.
        docs(root().as_path(), &[&path.to_string_lossy(), "--out", &here.path().join("again").to_string_lossy()])
            .exits(0);
        assert!(fs::read_to_string(here.path().join("again").join(format!("{name}.html"))).expect("a page") == html);
    }
    assert!(links > 1000, "{links}");
}

/// Without this, a made-up example could be one that no program accepts, or be missing where there could be one.
#[test]
fn examples_keep_the_rules() {
    let mut made = 0;
    let corpus = files(&root().join("tests/schemas/valid"), ".yaml")
        .into_iter()
        .map(|path| Contract::read(&stem(&path, ".yaml"), &path));
    for contract in corpus.chain(golden::contracts()) {
        let schema = &contract.schema;
        for message in schema.messages.iter().filter(|message| message.layout.size < 100_000) {
            let example = value::example(schema, message)
                .unwrap_or_else(|| panic!("{}/{}: no example", contract.name, message.name));
            let payload = value::encode(schema, message, &example)
                .unwrap_or_else(|error| panic!("{}/{}: {error}", contract.name, message.name));
            assert_eq!(value::decode(schema, message, &payload), Ok(example));
            made += 1;
        }
    }
    assert!(made > 100, "{made}");
}

/// Without this, examples could be left out without a word, or be wrong ones.
#[test]
fn examples_out_of_a_folder() {
    let here = folder(&[("contracts.yaml", &fs::read_to_string(root().join("contracts.yaml")).expect("a contract"))]);
    let golden = root().join("golden/reference");
    docs(here.path(), &["--out", "site", "--examples", &golden.to_string_lossy()]).made_folders();
    for page in ["site/contracts.html", "site/contracts.md"] {
        let text = fs::read_to_string(here.path().join(page)).expect("a page");
        assert!(text.contains("Grüße aus Köln") && !text.contains("made up"), "{page}");
        // The bytes of the golden payload.
        assert!(text.contains("    48  47 72 c3 bc c3 9f 65 20  content    String"), "{page}");
    }
    let bad = folder(&[("CounterUpdate/a.json", r#"{"counter_id": 1, "value": 1}"#)]);
    let bad = bad.path().to_string_lossy();
    docs(here.path(), &["--out", "bad", "--examples", &bad])
        .exits(1)
        .says(&["a.json: CounterUpdate rejected: missing_field at delta"]);
    assert!(!here.path().join("bad").exists());
    docs(here.path(), &["--out", "bad", "--examples", "nowhere"]).exits(3).says(&["cannot read `nowhere`"]);
}

/// Without this, a wrong command line could write half a site, or one contract's page over another's.
#[test]
fn wrong_usage() {
    let good = "messages: { A: { tlv_type: 1000, domain: D, fields: {} } }\n";
    let here = folder(&[
        ("a/contracts.yaml", good),
        ("b/contracts.yaml", good),
        ("bad.yaml", "messages: { A: 1 }\n"),
        ("file", ""),
    ]);
    docs(here.path(), &["a/contracts.yaml"]).exits(2).says(&["--out"]);
    docs(here.path(), &["a/contracts.yaml", "b/contracts.yaml", "--out", "site"])
        .exits(2)
        .says(&["both be `contracts.html`"]);
    docs(here.path(), &["a/contracts.yaml", "b/contracts.yaml", "--out", "site", "--examples", "a"])
        .exits(2)
        .says(&["--examples"]);
    docs(here.path(), &["a/contracts.yaml", "bad.yaml", "--out", "site"]).exits(1);
    docs(here.path(), &["nowhere.yaml", "--out", "site"]).exits(3).says(&["nowhere.yaml"]);
    assert!(!here.path().join("site").exists());
    docs(here.path(), &["a/contracts.yaml", "--out", "file"]).exits(3).says(&["file"]);
}

/// The colours of a PNG of 8 bits a channel, with the number of pixels of each.
fn colours(png: &[u8]) -> std::collections::BTreeMap<[u8; 3], usize> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut pixels).expect("a picture");
    let samples = frame.color_type.samples();
    let mut colours = std::collections::BTreeMap::new();
    for pixel in pixels[..frame.buffer_size()].chunks_exact(samples) {
        *colours.entry([pixel[0], pixel[1], pixel[2]]).or_insert(0) += 1;
    }
    colours
}

/// Without this, the page could be blank, say errors in the console, or have a search and a button that do nothing.
#[test]
fn a_browser_shows_it() {
    let here = folder(&[]);
    let golden = root().join("golden");
    for (name, from) in [("trading", "trading"), ("reference", "reference")] {
        fs::copy(golden.join(from).join("contracts.yaml"), here.path().join(format!("{name}.yaml")))
            .expect("a contract");
    }
    docs(here.path(), &["trading.yaml", "reference.yaml", "--out", "site"]).made_folders();
    let site = here.path().join("site");
    for page in ["index.html", "reference.html"] {
        let visit = browser::visit(&site.join(page), "");
        assert!(visit.console.is_empty(), "{page}: {:?}", visit.console);
    }
    let page = site.join("trading.html");
    // One visit, as starting a browser takes its time: links lead somewhere, pictures have a size, the search finds,
    // the button changes the colours.
    let script = r##"
        const all = (selector) => [...document.querySelectorAll(selector)];
        const nowhere = all("a[href^='#']").filter((a) => !document.getElementById(decodeURIComponent(a.hash.slice(1))));
        const flat = all("section svg.bytes").filter((svg) => svg.getBoundingClientRect().height < 10);
        const others = new Set(all("a").map((a) => a.getAttribute("href")).filter((href) => !href.startsWith("#")));
        const shown = () => all("section.part").filter((section) => !section.hidden).map((section) => section.id).join(" ");
        const answers = [nowhere.map((a) => a.hash).join(" "), String(flat.length), [...others].join(" "), shown()];
        const input = document.getElementById("-search");
        for (const text of ["1101", "REJECT", "client order", "mantissa", "no such thing", ""]) {
          input.value = text;
          input.dispatchEvent(new Event("input"));
          const nothing = document.getElementById("-nothing").hidden ? "" : " nothing";
          answers.push(shown() + "|" + document.getElementById("-found").textContent + nothing);
        }
        const colour = () => getComputedStyle(document.body).backgroundColor;
        const button = document.getElementById("-theme");
        answers.push(colour());
        button.click();
        answers.push(colour());
        button.click();
        answers.push(colour());
        return answers;
    "##;
    let everything = "TradeTick BookSnapshot NewOrder OrderRejected Price Level Side RejectReason";
    let answers = browser::ask(&page, "", script);
    let (links, answers) = answers.split_at(3);
    assert_eq!(links, ["", "0", "index.html"]);
    assert_eq!(
        answers,
        [
            everything,
            "OrderRejected|1 of 8",
            "OrderRejected RejectReason|2 of 8",
            "NewOrder OrderRejected|2 of 8",
            "Price|1 of 8",
            "|0 of 8 nothing",
            &format!("{everything}|"),
            "rgb(255, 255, 255)",
            "rgb(13, 17, 23)",
            "rgb(255, 255, 255)",
        ]
    );
    let asked = "return [...document.querySelectorAll('section.part')].filter((s) => !s.hidden).map((s) => s.id);";
    assert_eq!(browser::ask(&page, "?q=mantissa", asked), ["Price"]);
    // On a phone nothing is off the screen: the page is as wide as the window, and the button is in it.
    let wide = "const at = document.getElementById('-theme').getBoundingClientRect(); \
        return [String(document.documentElement.scrollWidth <= innerWidth), String(at.left > 0 && at.right <= innerWidth), \
        String(innerWidth)];";
    for page in ["index.html", "trading.html"] {
        assert_eq!(browser::ask_in(&site.join(page), "", 500, wide), ["true", "true", "500"], "{page}");
    }
    // What is seen: the page's ground, text, and bars of every kind; dark where the system is.
    for (dark, ground, bars) in [
        (false, [255, 255, 255], [[9, 105, 218], [188, 76, 0], [175, 184, 193]]),
        (true, [13, 17, 23], [[68, 147, 248], [240, 136, 62], [101, 110, 121]]),
    ] {
        let colours = colours(&browser::screenshot(&page, dark));
        let of = |colour: &[u8; 3]| colours.get(colour).copied().unwrap_or(0);
        assert!(of(&ground) > 500_000, "dark: {dark}, ground {}", of(&ground));
        assert!(bars.iter().all(|bar| of(bar) > 100), "dark: {dark}, {:?}", bars.map(|bar| of(&bar)));
        assert!(colours.len() > 50, "dark: {dark}, {} colours", colours.len());
    }
}
