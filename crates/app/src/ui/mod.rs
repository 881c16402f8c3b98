//! Small components that pages are made of.

pub(crate) mod address;
pub(crate) mod compare;
pub(crate) mod copy;
pub(crate) mod dialog;
pub(crate) mod empty;
pub(crate) mod focus;
pub(crate) mod head;
pub(crate) mod icon;
pub(crate) mod keyed;
pub(crate) mod live;
pub(crate) mod load;
pub(crate) mod markdown;
pub(crate) mod menu;
pub(crate) mod pairs;
pub(crate) mod ready;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod sort;
pub(crate) mod tags;
pub(crate) mod time;
pub(crate) mod toast;

pub(crate) use address::at;

/// A text as one component of a URL's path or query.
pub(crate) fn url_encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => {
                // Writing to a String can't fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
