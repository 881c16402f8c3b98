//! JSON as a tree that folds. Keys keep their order and numbers their digits: the text is indented, not read and written.

use serde::de::IgnoredAny;

use super::code::{self, JSON};
use super::{add, escape};

/// Values of a document that is shown as a tree; a longer one is shown as indented text.
const MAX_NODES: usize = 4_000;
/// Nesting of a document that is shown as a tree: browsers build no deeper trees than some hundreds of elements.
const MAX_DEPTH: usize = 60;
/// Levels that are open at first.
const OPEN_LEVELS: usize = 3;
/// Characters of a list of numbers that stands on one line.
const SHORT_LIST: usize = 80;
/// Blanks of one level of indentation.
const INDENT: usize = 2;

/// Whether a file of this name should be JSON as a whole.
pub(super) fn is_json(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".json", ".geojson", ".webmanifest"].iter().any(|end| name.ends_with(end))
}

/// The document as HTML; `Err` says why it is no JSON.
pub(super) fn tree(text: &str) -> Result<String, String> {
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| format!("This is not valid JSON: line {}, column {}.", error.line(), error.column()))?;
    let tokens = tokens(text);
    let (mut depth, mut deepest, mut nodes) = (0_usize, 0, 0_usize);
    for token in &tokens {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth -= 1,
            Token::Comma => nodes += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_DEPTH || nodes > MAX_NODES {
        return Ok(code::block(&indented(&tokens), JSON));
    }
    let mut out = String::from("<div class=\"json-tree\">");
    let mut walk = Walk { tokens: &tokens, at: 0 };
    walk.value(&mut out, "", 0);
    out.push_str("</div>");
    Ok(out)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    Open(char),
    Close(char),
    Colon,
    Comma,
    /// A string with its quotes, a number, `true`, `false` or `null`.
    Scalar(&'t str),
}

/// The tokens of valid JSON.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        out.push(match first {
            '{' | '[' => Token::Open(first),
            '}' | ']' => Token::Close(first),
            ':' => Token::Colon,
            ',' => Token::Comma,
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| match c {
                    _ if escaped => {
                        escaped = false;
                        false
                    }
                    '\\' => {
                        escaped = true;
                        false
                    }
                    c => c == '"',
                });
                length = end.map_or(rest.len(), |end| end + 2);
                Token::Scalar(&rest[..length])
            }
            _ => {
                let end = rest.find(|c: char| matches!(c, ',' | '}' | ']' | ':') || c.is_ascii_whitespace());
                length = end.unwrap_or(rest.len()).max(length);
                Token::Scalar(&rest[..length])
            }
        });
        rest = rest[length..].trim_start();
    }
    out
}

/// One value or key a line; what is deeper than [`MAX_DEPTH`] stays on one, since its indentation would be most of the text.
fn indented(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let line = |out: &mut String, depth: usize| {
        if depth <= MAX_DEPTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth * INDENT));
        }
    };
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Open(c) => {
                out.push(*c);
                depth += 1;
                if !matches!(tokens.get(i + 1), Some(Token::Close(_))) {
                    line(&mut out, depth);
                }
            }
            Token::Close(c) => {
                depth = depth.saturating_sub(1);
                if !matches!(i.checked_sub(1).and_then(|i| tokens.get(i)), Some(Token::Open(_))) {
                    line(&mut out, depth);
                }
                out.push(*c);
            }
            Token::Colon => out.push_str(": "),
            Token::Comma => {
                out.push(',');
                line(&mut out, depth);
            }
            Token::Scalar(text) => out.push_str(text),
        }
    }
    out
}

struct Walk<'t> {
    tokens: &'t [Token<'t>],
    at: usize,
}

impl Walk<'_> {
    fn peek(&self) -> Option<Token<'_>> {
        self.tokens.get(self.at).copied()
    }

    /// A value with the HTML of the key before it, and the comma after it.
    fn value(&mut self, out: &mut String, key: &str, depth: usize) {
        let Some(token) = self.tokens.get(self.at).copied() else { return };
        self.at += 1;
        match token {
            Token::Open(open) => self.collection(out, key, open, depth),
            Token::Scalar(text) => {
                out.push_str("<div>");
                out.push_str(key);
                code::marked(out, &super::shortened(text, super::LONG_LINE), JSON);
                self.comma(out);
                out.push_str("</div>");
            }
            // Not in valid JSON.
            Token::Close(_) | Token::Colon | Token::Comma => {}
        }
    }

    fn collection(&mut self, out: &mut String, key: &str, open: char, depth: usize) {
        let close = if open == '{' { '}' } else { ']' };
        if let Some(Token::Close(_)) = self.peek() {
            self.at += 1;
            out.push_str("<div>");
            out.push_str(key);
            out.extend([open, close]);
            self.comma(out);
            out.push_str("</div>");
            return;
        }
        if open == '['
            && let Some(length) = self.short_list()
        {
            out.push_str("<div>");
            out.push_str(key);
            let list = indented(&self.tokens[self.at - 1..self.at + length]);
            code::marked(out, &list.split_whitespace().collect::<Vec<_>>().join(" "), JSON);
            self.at += length;
            self.comma(out);
            out.push_str("</div>");
            return;
        }
        let mut inner = String::new();
        let mut count = 0_usize;
        while let Some(token) = self.peek() {
            if matches!(token, Token::Close(_)) {
                self.at += 1;
                break;
            }
            let mut key = String::new();
            if open == '{'
                && let Token::Scalar(text) = token
            {
                key.push_str("<span class=\"tok-p\">");
                escape(&mut key, text);
                key.push_str("</span>: ");
                // The key and its colon.
                self.at += 2;
            }
            self.value(&mut inner, &key, depth + 1);
            count += 1;
        }
        let what = match (open, count) {
            ('{', 1) => "key",
            ('{', _) => "keys",
            (_, 1) => "item",
            _ => "items",
        };
        out.push_str(if depth < OPEN_LEVELS { "<details open><summary>" } else { "<details><summary>" });
        out.push_str(key);
        out.push(open);
        add(
            out,
            format_args!(" <span class=\"muted small\">{count} {what}</span></summary><div class=\"json-inner\">"),
        );
        out.push_str(&inner);
        out.push_str("</div>");
        out.push(close);
        self.comma(out);
        out.push_str("</details>");
    }

    /// How many tokens are left of the list that has just begun, if it holds a few numbers and the like.
    fn short_list(&self) -> Option<usize> {
        let mut width = 0;
        for (i, token) in self.tokens.get(self.at..)?.iter().enumerate() {
            match token {
                Token::Close(_) => return Some(i + 1),
                Token::Scalar(text) if !text.starts_with('"') => width += text.len() + 2,
                Token::Comma => {}
                _ => return None,
            }
            if width > SHORT_LIST {
                return None;
            }
        }
        None
    }

    fn comma(&mut self, out: &mut String) {
        if self.peek() == Some(Token::Comma) {
            self.at += 1;
            out.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one reads, without markup.
    fn read(html: &str) -> String {
        html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
    }

    #[test]
    fn order_and_digits_stay() {
        let html = tree("{\"b\": 12345678901234567890.10, \"a\": [1, {}, \"x,}\\\"\"], \"b\": null}").unwrap();
        assert_eq!(
            read(&html),
            "{ 3 keys&quot;b&quot;: 12345678901234567890.10,&quot;a&quot;: [ 3 items1,{},&quot;x,}\\&quot;&quot;],&quot;b&quot;: null}"
        );
        assert_eq!(html.matches("<details open>").count(), 2);
    }

    #[test]
    fn a_row_of_numbers_is_a_line() {
        let html = tree("[[1,\n 2.50], [null, \"a\"]]").unwrap();
        assert_eq!(read(&html), "[ 2 items[ 1, 2.50 ],[ 2 itemsnull,&quot;a&quot;]]");
    }

    #[test]
    fn markup_in_keys_and_values_is_text() {
        let html = tree("{\"<img src=x>\": \"</script><b>\"}").unwrap();
        assert!(!html.contains("<img") && !html.contains("<b>") && !html.contains("</script"), "{html}");
    }

    #[test]
    fn deep_and_long_documents_are_text() {
        for text in [format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), format!("[{}1]", "1,".repeat(20_000))] {
            let html = tree(&text).unwrap();
            assert!(html.starts_with("<pre") && html.len() < 30 * text.len(), "{}", &html[..100]);
        }
    }

    #[test]
    fn what_is_no_json_is_said() {
        assert_eq!(tree("{\n\"a\": }").unwrap_err(), "This is not valid JSON: line 2, column 6.");
    }
}
