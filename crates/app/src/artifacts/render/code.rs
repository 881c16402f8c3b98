//! Source code with its words marked: comments, strings, numbers, keywords and keys. No grammar, one pass, any input.

use super::escape;

/// What tells the words of a language apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language {
    /// What begins a comment that ends with the line.
    comments: &'static [&'static str],
    /// What begins and ends a comment.
    block: Option<(&'static str, &'static str)>,
    /// Quotes of strings that end with the line at the latest.
    quotes: &'static str,
    /// Quotes of strings over several lines.
    long_quotes: &'static [&'static str],
    /// Words of the language, in lower case and sorted.
    keywords: &'static [&'static str],
    /// Whether `SELECT` is `select`.
    any_case: bool,
    /// What follows a key at the beginning of a line.
    key_end: Option<char>,
    /// Whether a string before a colon is a key.
    string_keys: bool,
}

const PLAIN: Language = Language {
    comments: &[],
    block: None,
    quotes: "",
    long_quotes: &[],
    keywords: &[],
    any_case: false,
    key_end: None,
    string_keys: false,
};
const PYTHON: Language = Language {
    comments: &["#"],
    quotes: "\"'",
    long_quotes: &["\"\"\"", "'''"],
    keywords: &[
        "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def", "del", "elif", "else",
        "except", "false", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "match", "none",
        "nonlocal", "not", "or", "pass", "raise", "return", "true", "try", "while", "with", "yield",
    ],
    ..PLAIN
};
pub(super) const JSON: Language =
    Language { quotes: "\"", keywords: &["false", "null", "true"], string_keys: true, ..PLAIN };
const YAML: Language = Language {
    comments: &["#"],
    quotes: "\"'",
    keywords: &["false", "null", "true"],
    key_end: Some(':'),
    string_keys: true,
    ..PLAIN
};
const TOML: Language =
    Language { comments: &["#", ";"], long_quotes: &["\"\"\"", "'''"], key_end: Some('='), string_keys: false, ..YAML };
const SHELL: Language = Language {
    comments: &["#"],
    quotes: "\"'",
    keywords: &[
        "case",
        "cmd",
        "copy",
        "do",
        "done",
        "elif",
        "else",
        "entrypoint",
        "env",
        "esac",
        "exit",
        "export",
        "expose",
        "fi",
        "for",
        "from",
        "function",
        "if",
        "in",
        "local",
        "return",
        "run",
        "then",
        "while",
        "workdir",
    ],
    any_case: true,
    ..PLAIN
};
const C_LIKE: Language = Language {
    comments: &["//"],
    block: Some(("/*", "*/")),
    quotes: "\"'",
    long_quotes: &["`"],
    keywords: &[
        "async",
        "await",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "defer",
        "do",
        "double",
        "else",
        "enum",
        "export",
        "extends",
        "false",
        "final",
        "float",
        "fn",
        "for",
        "fun",
        "func",
        "function",
        "go",
        "if",
        "impl",
        "implements",
        "import",
        "in",
        "int",
        "interface",
        "let",
        "long",
        "loop",
        "match",
        "mod",
        "mut",
        "namespace",
        "new",
        "nil",
        "null",
        "package",
        "private",
        "protected",
        "pub",
        "public",
        "return",
        "self",
        "static",
        "struct",
        "super",
        "switch",
        "template",
        "this",
        "throw",
        "trait",
        "true",
        "try",
        "type",
        "typename",
        "undefined",
        "use",
        "using",
        "val",
        "var",
        "void",
        "where",
        "while",
        "yield",
    ],
    ..PLAIN
};
const SQL: Language = Language {
    comments: &["--"],
    block: Some(("/*", "*/")),
    quotes: "'\"",
    keywords: &[
        "and", "as", "between", "by", "case", "create", "delete", "desc", "distinct", "drop", "else", "end", "from",
        "group", "having", "in", "index", "insert", "into", "is", "join", "left", "like", "limit", "not", "null", "on",
        "or", "order", "outer", "primary", "select", "set", "table", "then", "union", "update", "values", "when",
        "where", "with",
    ],
    any_case: true,
    ..PLAIN
};
const R: Language = Language {
    comments: &["#"],
    quotes: "\"'",
    keywords: &[
        "break", "else", "end", "false", "for", "function", "if", "in", "na", "next", "null", "repeat", "return",
        "true", "using", "while",
    ],
    ..PLAIN
};
const MARKUP: Language = Language { block: Some(("<!--", "-->")), quotes: "\"", ..PLAIN };

/// The language of a file, by its name.
pub(super) fn language(name: &str) -> Language {
    let name = name.to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or(name.as_str(), |(_, extension)| extension);
    match extension {
        "py" | "pyi" | "py3" | "python" | "ipython" => PYTHON,
        "json" | "jsonl" | "ndjson" | "geojson" | "ipynb" | "webmanifest" => JSON,
        "yaml" | "yml" | "mlmodel" | "mlproject" => YAML,
        "toml" | "ini" | "cfg" | "conf" | "properties" | "env" => TOML,
        "sh" | "bash" | "zsh" | "dockerfile" | "makefile" | "mk" => SHELL,
        "js" | "mjs" | "cjs" | "ts" | "jsx" | "tsx" | "javascript" | "typescript" | "rs" | "rust" | "go" | "java"
        | "scala" | "kt" | "c" | "h" | "cc" | "cpp" | "hpp" | "cu" | "cs" | "swift" | "css" | "proto" => C_LIKE,
        "sql" => SQL,
        "r" | "jl" | "julia" => R,
        "xml" | "html" | "htm" | "svg" | "xhtml" => MARKUP,
        _ => PLAIN,
    }
}

/// The code as a block.
pub(super) fn block(text: &str, language: Language) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    out.push_str("<pre class=\"source\" tabindex=\"0\"><code>");
    marked(&mut out, text, language);
    out.push_str("</code></pre>");
    out
}

/// Adds the code to HTML.
pub(super) fn marked(out: &mut String, text: &str, language: Language) {
    let mut rest = text;
    let mut line_begins = true;
    // Whether the character before is part of a word, in which no string or number begins. Values without quotes have
    // more such characters.
    let mut in_word = false;
    while let Some(first) = rest.chars().next() {
        let (length, class) = if line_begins && let Some(length) = key(rest, language) {
            (length, "tok-p")
        } else {
            token(rest, first, in_word, language)
        };
        let length = length.max(first.len_utf8());
        let (token, after) = rest.split_at(length);
        if class.is_empty() {
            escape(out, token);
        } else {
            out.push_str("<span class=\"");
            out.push_str(class);
            out.push_str("\">");
            escape(out, token);
            out.push_str("</span>");
        }
        let last = token.chars().next_back().unwrap_or(first);
        in_word = last.is_alphanumeric() || last == '_' || (language.key_end.is_some() && "-/.:".contains(last));
        // Blanks and the dash of a list leave the beginning of the line where it is.
        line_begins = last == '\n' || (line_begins && matches!(token, " " | "\t" | "-"));
        rest = after;
    }
}

/// Length and class of the token that the text begins with.
fn token(rest: &str, first: char, in_word: bool, language: Language) -> (usize, &'static str) {
    if let Some((open, close)) = language.block
        && rest.starts_with(open)
    {
        return (until(rest, open.len(), close), "tok-c");
    }
    if !in_word && language.comments.iter().any(|mark| rest.starts_with(mark)) {
        return (rest.find('\n').unwrap_or(rest.len()), "tok-c");
    }
    if !in_word && let Some(quote) = language.long_quotes.iter().find(|quote| rest.starts_with(**quote)) {
        return (until(rest, quote.len(), quote), "tok-s");
    }
    if !in_word && language.quotes.contains(first) {
        let length = string(rest, first);
        let is_key = language.string_keys && rest[length..].trim_start_matches(' ').starts_with(':');
        return (length, if is_key { "tok-p" } else { "tok-s" });
    }
    if first.is_alphanumeric() || first == '_' {
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if first.is_ascii_digit() && !in_word {
            let class = if language.keywords.is_empty() { "" } else { "tok-n" };
            return (number(rest), class);
        }
        let word = &rest[..length];
        let lower = word.to_ascii_lowercase();
        // Python writes True, and nobody names a variable so.
        let fits = language.any_case
            || word == lower
            || matches!(word, "True" | "False" | "None" | "TRUE" | "FALSE" | "NULL" | "NA");
        let keyword = fits && !in_word && language.keywords.binary_search(&lower.as_str()).is_ok();
        return (length, if keyword { "tok-k" } else { "" });
    }
    (first.len_utf8(), "")
}

/// Length of `rest` to the end of what closes it, looked for after `from`.
fn until(rest: &str, from: usize, close: &str) -> usize {
    rest[from..].find(close).map_or(rest.len(), |at| from + at + close.len())
}

/// Length of a string with its quotes; the end of the line ends it.
fn string(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Length of a number: `1_000`, `0xff`, `1.5e-7`.
fn number(rest: &str) -> usize {
    let mut before = '0';
    for (at, c) in rest.char_indices() {
        let sign = matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !rest.starts_with("0x");
        if !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.') || sign) {
            return at;
        }
        before = c;
    }
    rest.len()
}

/// Length of the key at the beginning of a line, if there is one.
fn key(rest: &str, language: Language) -> Option<usize> {
    let end = language.key_end?;
    if end == '=' && rest.starts_with('[') {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    let at = rest.find([end, '\n', '#', '"', '\'', '{', '['])?;
    let value = rest[at..].strip_prefix(end)?;
    let key = &rest[..at];
    let fits = end == '=' || value.is_empty() || value.starts_with([' ', '\n', '\r']);
    (fits && !key.is_empty() && !key.starts_with([' ', '\t', '-'])).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(name: &str, text: &str) -> String {
        let mut out = String::new();
        marked(&mut out, text, language(name));
        out
    }

    #[test]
    fn words_are_marked() {
        assert_eq!(
            html("a.py", "def f(x): # it's\n    return 'a\\'b' + 1.5e-7"),
            "<span class=\"tok-k\">def</span> f(x): <span class=\"tok-c\"># it&#39;s</span>\n    \
             <span class=\"tok-k\">return</span> <span class=\"tok-s\">&#39;a\\&#39;b&#39;</span> + \
             <span class=\"tok-n\">1.5e-7</span>"
        );
        assert_eq!(
            html("MLmodel", "flavors:\n  - a b: no:3 # x"),
            "<span class=\"tok-p\">flavors</span>:\n  - <span class=\"tok-p\">a b</span>: no:3 <span class=\"tok-c\"># x</span>"
        );
        assert_eq!(
            html("a.json", "{\"a\": null}"),
            "{<span class=\"tok-p\">&quot;a&quot;</span>: <span class=\"tok-k\">null</span>}"
        );
        assert_eq!(html("a.txt", "if 1 \"x\""), "if 1 &quot;x&quot;");
        assert_eq!(html("a.sql", "SELECT 1"), "<span class=\"tok-k\">SELECT</span> <span class=\"tok-n\">1</span>");
    }

    #[test]
    fn any_text_comes_through() {
        let odd =
            ["'''", "\"\\", "/* x", "ä'ö", "\u{1f980}1e", "#", "é\n\tk: ", "- - :", "'\n'", "[a", "=", "<!--", "0x"];
        for name in ["a.py", "a.yaml", "a.toml", "a.c", "a.json", "a.xml", "a.sh", "a.sql", "a.r"] {
            for text in odd {
                let html = html(name, text);
                let plain = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
                let plain: String = plain.collect();
                let mut expected = String::new();
                escape(&mut expected, text);
                assert_eq!(plain, expected, "{name}");
            }
        }
    }

    #[test]
    fn keywords_can_be_found() {
        for language in [PYTHON, JSON, YAML, TOML, SHELL, C_LIKE, SQL, R] {
            assert!(language.keywords.is_sorted(), "{:?}", language.keywords);
        }
    }
}
