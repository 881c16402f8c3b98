//! Query strings of the app's own addresses, read and written alike on the server and in the browser.
//!
//! The router's own map of the query decodes twice, so that a filter such as `LIKE '%ab%'` would arrive garbled.

use crate::ui::url_encode;

/// The pairs of a query string, with or without its `?`.
pub(crate) fn parse(query: &str) -> Vec<(String, String)> {
    query
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// `path?key=value&…`, or the path alone.
pub(crate) fn address(path: &str, pairs: &[(&str, String)]) -> String {
    let mut out = path.to_owned();
    for (i, (key, value)) in pairs.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(&url_encode(key));
        out.push('=');
        out.push_str(&url_encode(value));
    }
    out
}

/// The filter for a part of a name. The search language has no escape for quotes: a text with both kinds gets the wildcard
/// for one character in place of one kind.
#[cfg(any(feature = "ssr", test))]
pub(crate) fn name_contains(text: &str) -> String {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    format!("name ILIKE {quote}%{}%{quote}", text.replace(quote, "_"))
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let byte;
        (byte, rest) = match (first, escaped) {
            (b'%', Some(escaped)) => (escaped, &tail[2..]),
            (b'+', _) => (b' ', tail),
            (other, _) => (*other, tail),
        };
        out.push(byte);
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let text = "params.x LIKE '%ab%' & a+b=ü";
        let query = address("", &[("filter", text.to_owned()), ("col", String::new())]);
        assert_eq!(parse(&query), [("filter".to_owned(), text.to_owned()), ("col".to_owned(), String::new())]);
    }

    #[test]
    fn a_part_of_a_name_may_have_both_quotes() {
        assert_eq!(name_contains("50%"), "name ILIKE '%50%%'");
        assert_eq!(name_contains("it's"), "name ILIKE \"%it's%\"");
        assert_eq!(name_contains("it's \"x\""), "name ILIKE \"%it's _x_%\"");
    }

    #[test]
    fn forms_write_blanks_as_plus() {
        assert_eq!(parse("?a=b+c"), [("a".to_owned(), "b c".to_owned())]);
    }
}
