//! Jupyter notebooks: cells and their outputs, as they were saved. Nothing is run.

use serde_json::Value;

use super::{Rendered, add, code, escaped, shortened};
use crate::ui::markdown::Markdown;

/// Cells that are shown.
const MAX_CELLS: usize = 300;
/// Characters of one output that are shown.
const MAX_OUTPUT: usize = 20_000;
/// Bytes of HTML of the whole notebook, pictures included; what is beyond is left out.
const MAX_HTML: usize = 3 * 1024 * 1024;
/// The longest markup of an output that is shown, in bytes: to clean more would take seconds.
const MAX_MARKUP: usize = 128 * 1024;
/// Pictures that browsers show, the best first. A drawing is one, too: as a picture it runs no scripts.
const PICTURES: [&str; 5] = ["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"];

/// The notebook as HTML; `None` if it is none.
pub(in crate::artifacts) fn notebook(text: &str) -> Option<Rendered> {
    let notebook: Value = serde_json::from_str(text).ok()?;
    // Before version 4 the cells stood in worksheets.
    let cells = notebook.get("cells").or_else(|| notebook.pointer("/worksheets/0/cells"))?.as_array()?;
    let name = ["/metadata/language_info/name", "/metadata/kernelspec/language"];
    let name = name.iter().find_map(|at| notebook.pointer(at)?.as_str()).unwrap_or("python");
    let language = code::language(name);
    let mut out = String::from("<div class=\"notebook\">");
    let mut shown = 0;
    for cell in cells.iter().take(MAX_CELLS) {
        let mut html = String::new();
        self::cell(&mut html, cell, language);
        if out.len() + html.len() > MAX_HTML {
            break;
        }
        out.push_str(&html);
        shown += 1;
    }
    out.push_str("</div>");
    let notes = match (shown, cells.len()) {
        (_, 0) => vec!["The notebook has no cells.".to_owned()],
        (shown, all) if shown < all => vec![format!("The first {shown} of {all} cells.")],
        (_, 1) => vec!["1 cell.".to_owned()],
        (_, all) => vec![format!("{all} cells.")],
    };
    Some(Rendered { html: out, notes })
}

fn cell(out: &mut String, cell: &Value, language: code::Language) {
    let source = text(cell.get("source").or_else(|| cell.get("input")));
    match cell.get("cell_type").and_then(Value::as_str) {
        Some("markdown" | "heading") => {
            out.push_str("<div class=\"cell markdown\">");
            out.push_str(&Markdown::render(&source).html);
            out.push_str("</div>");
        }
        Some("code") => {
            let count = cell.get("execution_count").or_else(|| cell.get("prompt_number")).and_then(Value::as_u64);
            let count = count.map_or_else(|| " ".to_owned(), |count| count.to_string());
            add(out, format_args!("<div class=\"cell\"><div class=\"cell-count mono small muted\">[{count}]</div>"));
            out.push_str(&code::block(&shortened(&source, MAX_OUTPUT), language));
            for output in cell.get("outputs").and_then(Value::as_array).into_iter().flatten() {
                self::output(out, output);
            }
            out.push_str("</div>");
        }
        // Raw cells, and what comes one day.
        _ => plain(out, &source, ""),
    }
}

fn output(out: &mut String, output: &Value) {
    match output.get("output_type").and_then(Value::as_str) {
        Some("stream") => {
            let class = if output.get("name").and_then(Value::as_str) == Some("stderr") { " stderr" } else { "" };
            plain(out, &text(output.get("text")), class);
        }
        Some("error" | "pyerr") => {
            let trace = text_of_lines(output.get("traceback"), "\n");
            let what = |key| output.get(key).and_then(Value::as_str).unwrap_or_default();
            let said = if trace.is_empty() { format!("{}: {}", what("ename"), what("evalue")) } else { trace };
            plain(out, &said, " failed");
        }
        // Before version 4 the data stood in the output itself, under other names.
        Some(_) => data(out, output.get("data").unwrap_or(output)),
        None => {}
    }
}

/// The best form in which a result was saved.
fn data(out: &mut String, data: &Value) {
    let get = |kind: &str| data.get(kind).map(|value| text(Some(value))).filter(|text| !text.is_empty());
    for kind in PICTURES {
        if let Some(picture) = get(kind) {
            let source = if kind == "image/svg+xml" { Some(percent_encoded(&picture)) } else { base64(&picture) };
            if let Some(source) = source {
                add(
                    out,
                    format_args!(
                        "<img class=\"max-w-full\" alt=\"Picture of the cell's output\" src=\"data:{kind}{source}\">"
                    ),
                );
                return;
            }
        }
    }
    if let Some(html) = get("text/html").filter(|html| html.len() <= MAX_MARKUP) {
        out.push_str("<div class=\"cell-html table-scroll\" tabindex=\"0\">");
        out.push_str(&ammonia::clean(&html));
        out.push_str("</div>");
    } else if let Some(markdown) = get("text/markdown") {
        out.push_str("<div class=\"markdown\">");
        out.push_str(&Markdown::render(&markdown).html);
        out.push_str("</div>");
    } else if let Some(plain_text) = get("text/plain").or_else(|| get("text")).or_else(|| get("text/latex")) {
        plain(out, &plain_text, "");
    } else if let Some(json) = data.get("application/json") {
        plain(out, &json.to_string(), "");
    }
}

fn plain(out: &mut String, text: &str, class: &str) {
    let text = without_colours(text);
    if text.trim().is_empty() {
        return;
    }
    add(out, format_args!("<pre class=\"cell-output{class}\" tabindex=\"0\">"));
    out.push_str(&escaped(&shortened(text.trim_end(), MAX_OUTPUT)));
    out.push_str("</pre>");
}

/// A text, or the lines of one.
fn text(value: Option<&Value>) -> String {
    text_of_lines(value, "")
}

fn text_of_lines(value: Option<&Value>, between: &str) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(between),
        _ => String::new(),
    }
}

/// Terminal colours (`ESC [ … m`) and the like are left out.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    out.extend(parts.next());
    for part in parts {
        let rest = part
            .strip_prefix('[')
            .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit() || ";?".contains(c)));
        // The letter that ends it.
        out.push_str(rest.map_or(part, |rest| rest.char_indices().nth(1).map_or("", |(at, _)| &rest[at..])));
    }
    out
}

/// `;base64,…`, if it is nothing else.
fn base64(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
    fits.then(|| format!(";base64,{text}"))
}

/// `,…` as a data URL without base64 has it.
fn percent_encoded(text: &str) -> String {
    format!(",{}", crate::ui::url_encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(cells: &str) -> String {
        notebook(&format!("{{\"cells\": [{cells}], \"metadata\": {{}}}}")).unwrap().html
    }

    #[test]
    fn cells_and_outputs_are_shown() {
        let html = html(
            r##"{"cell_type": "markdown", "source": ["# Title\n", "text"]},
               {"cell_type": "code", "execution_count": 3, "source": "x = 1", "outputs": [
                 {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
                 {"output_type": "execute_result", "data": {"text/plain": "plain", "image/png": "iVBO\nRw0="}},
                 {"output_type": "display_data", "data": {"text/html": "<table><tr><td>1</td></tr></table>"}},
                 {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\u001b[0;31mE\u001b[0m", "v"]}]}"##,
        );
        for part in [
            "<h1>Title</h1>",
            "[3]",
            "a\nb</pre>",
            "data:image/png;base64,iVBORw0=",
            "<td>1</td>",
            "failed\" tabindex=\"0\">E\nv<",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("plain"), "the picture says it better: {html}");
    }

    #[test]
    fn outputs_cannot_run_anything() {
        let evil = r#"<img src=x onerror=alert(1)><script>alert(1)</script><a href=\"javascript:x\">y</a><iframe src=/></iframe>"#;
        let html = html(&format!(
            r#"{{"cell_type": "markdown", "source": "{evil}"}},
               {{"cell_type": "code", "source": "{evil}", "outputs": [
                 {{"output_type": "stream", "text": "{evil}"}},
                 {{"output_type": "display_data", "data": {{"text/html": "{evil}"}}}},
                 {{"output_type": "display_data", "data": {{"text/markdown": "{evil}"}}}},
                 {{"output_type": "display_data", "data": {{"image/svg+xml": "<svg onload=\"alert(1)\">{evil}</svg>"}}}},
                 {{"output_type": "display_data", "data": {{"image/png": "\" onerror=\"alert(1)", "text/plain": "{evil}"}}}},
                 {{"output_type": "error", "ename": "{evil}", "evalue": "{evil}"}}]}},
               {{"cell_type": "raw", "source": "{evil}"}}"#
        )
        .replace("onload=\"alert(1)\"", "onload=alert(1)"));
        for part in ["<script", "<iframe", "href=\"javascript", "<svg"] {
            assert!(!html.contains(part), "{part} in {html}");
        }
        let tags = html.split('<').filter_map(|part| part.split_once('>')).map(|(tag, _)| tag);
        for tag in tags {
            assert!(!tag.contains("onerror=") && !tag.contains("onload="), "{tag}");
        }
    }

    #[test]
    fn what_is_no_notebook_is_none() {
        for text in ["", "{}", "[]", "{\"cells\": 3}", "{\"cells\": [", "nonsense"] {
            assert_eq!(notebook(text), None, "{text}");
        }
        assert!(
            notebook("{\"cells\": [1, null, {}, {\"cell_type\": []}, {\"cell_type\": \"code\", \"outputs\": 3}]}")
                .is_some()
        );
    }

    #[test]
    fn old_notebooks_are_shown() {
        let old = r#"{"worksheets": [{"cells": [{"cell_type": "code", "input": "1 + 1", "prompt_number": 2,
            "outputs": [{"output_type": "pyout", "text": ["two"]}]}]}]}"#;
        let html = notebook(old).unwrap().html;
        assert!(html.contains("[2]") && html.contains("two"), "{html}");
    }
}
