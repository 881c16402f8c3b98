//! Answers that a browser saves as a file.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A file that is made for this request, and is another one the next time.
pub(crate) fn made(name: &str, media: &'static str, body: Body) -> Response {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CONTENT_DISPOSITION, disposition(name));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A header of our own making. What could not stand in one is left out.
pub(crate) fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Has a browser save a file of this name rather than show it: RFC 6266.
pub(crate) fn disposition(name: &str) -> HeaderValue {
    ascii(&attachment(name))
}

fn attachment(name: &str) -> String {
    /// What may stand in a token of a header.
    const TOKEN: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'!')
        .remove(b'#')
        .remove(b'$')
        .remove(b'%')
        .remove(b'&')
        .remove(b'\'')
        .remove(b'*')
        .remove(b'+')
        .remove(b'-')
        .remove(b'.')
        .remove(b'^')
        .remove(b'_')
        .remove(b'`')
        .remove(b'|')
        .remove(b'~');
    /// What may stand unencoded in an extended value.
    const EXTENDED: &AsciiSet = &TOKEN.add(b'%').add(b'\'').add(b'*');
    let plain = |name: &str| {
        if !name.is_empty() && utf8_percent_encode(name, TOKEN).to_string() == name {
            name.to_owned()
        } else {
            format!("\"{}\"", name.replace('\\', r"\\").replace('"', "\\\""))
        }
    };
    if name.is_ascii() {
        return format!("attachment; filename={}", plain(name));
    }
    let fallback: String = name.chars().filter(char::is_ascii).collect();
    let fallback = if fallback.is_empty() { "download".to_owned() } else { plain(&fallback) };
    format!("attachment; filename={fallback}; filename*=UTF-8''{}", utf8_percent_encode(name, EXTENDED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_disposition() {
        for (name, disposition) in [
            ("model.pkl", "attachment; filename=model.pkl"),
            ("two words.txt", "attachment; filename=\"two words.txt\""),
            (r#"a"b\c"#, r#"attachment; filename="a\"b\\c""#),
            ("größe.txt", "attachment; filename=gre.txt; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt"),
            ("図", "attachment; filename=download; filename*=UTF-8''%E5%9B%B3"),
        ] {
            assert_eq!(attachment(name), disposition);
        }
    }
}
