//! What the server makes of a file for its preview: HTML in which everything of the file is escaped or sanitised.
//!
//! The browser gets it ready-made, so that none of this is in the WASM.

mod code;
mod json;
mod notebook;
mod table;

pub(super) use notebook::notebook;
pub(super) use table::{COLUMNS, ROWS, parquet, separated};

use crate::ui::markdown::Markdown;

/// Characters of a line that are shown.
const LONG_LINE: usize = 4_000;

/// A preview as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    /// Safe to insert into the page.
    pub(super) html: String,
    /// What is left out, for people.
    pub(super) notes: Vec<String>,
}

/// Text of a file of this name, with its syntax marked.
pub(super) fn text(name: &str, text: &str, cut: bool) -> Rendered {
    if json::is_json(name) && !cut {
        match json::tree(text) {
            Ok(html) => return Rendered { html, notes: Vec::new() },
            Err(problem) => {
                let mut rendered = source(name, text);
                rendered.notes.push(problem);
                return rendered;
            }
        }
    }
    source(name, text)
}

/// Text as it is, with its syntax marked.
fn source(name: &str, text: &str) -> Rendered {
    let (text, long) = without_long_lines(text);
    let html = code::block(&text, code::language(name));
    let note = || format!("Lines are cut after {LONG_LINE} characters.");
    Rendered { html, notes: long.then(note).into_iter().collect() }
}

/// Markdown as a page.
pub(super) fn markdown(text: &str) -> Rendered {
    let html = format!("<div class=\"markdown\">{}</div>", Markdown::render(text).html);
    Rendered { html, notes: Vec::new() }
}

/// Cuts long lines: a browser takes minutes for a line of megabytes.
fn without_long_lines(text: &str) -> (std::borrow::Cow<'_, str>, bool) {
    let end = |line: &str| line.char_indices().nth(LONG_LINE).map(|(at, _)| at);
    if text.lines().all(|line| line.len() <= LONG_LINE || end(line).is_none()) {
        return (text.into(), false);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        match end(line) {
            Some(at) => {
                out.push_str(&line[..at]);
                out.push('…');
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    (out.into(), true)
}

/// Adds text to HTML, in an element or in an attribute's quotes. Control characters show as what they are: strange.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' => {}
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            // Overrides of the direction of writing make code read as what it is not.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Adds markup to HTML; what stands in it must be escaped already.
fn add(out: &mut String, markup: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _ = std::fmt::Write::write_fmt(out, markup);
}

/// `text` as HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text);
    out
}

/// The first `limit` characters, and a mark if there are more.
fn shortened(text: &str, limit: usize) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_file_is_markup() {
        let evil = "<script>alert(1)</script><img src=x onerror='a()'>\" onload=\"x";
        for name in ["a.txt", "a.py", "a.json", "a.yaml", "a.html", "a.sql", "a.js", "MLmodel"] {
            let html = text(name, evil, false).html;
            assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("\" on"), "{name}: {html}");
        }
        let html = markdown("[x](javascript:alert(1)) <script>x</script> <img src=x onerror=alert(1)>").html;
        assert!(!html.contains("script") && !html.contains("onerror"), "{html}");
    }

    #[test]
    fn markdown_that_is_nested_without_end_is_text() {
        for (text, shown) in [
            (format!("{} x", ">".repeat(100_000)), "&gt;&gt;"),
            (format!("{}x", "1. ".repeat(30_000)), "1."),
            ("[".repeat(50_000), "[[["),
        ] {
            let html = markdown(&text).html;
            assert!(html.contains(shown) && html.len() < 1_000_000, "{shown}: {} of {}", html.len(), text.len());
        }
        assert!(markdown(&format!("{} quoted", ">".repeat(10))).html.contains("<blockquote>"));
    }

    #[test]
    fn a_huge_line_is_cut() {
        let rendered = text("a.txt", &"ä".repeat(1_000_000), true);
        assert!(rendered.html.len() < 20_000, "{}", rendered.html.len());
        assert_eq!(rendered.notes.len(), 1);
        assert_eq!(text("a.txt", "short\nlines\n", false).notes, [""; 0]);
    }

    #[test]
    fn broken_json_is_shown_as_it_is() {
        let rendered = text("a.json", "{\"a\": <b>}", false);
        assert!(rendered.html.contains("&lt;b&gt;"), "{}", rendered.html);
        assert!(rendered.notes[0].contains("line 1"), "{:?}", rendered.notes);
    }
}
