//! `Range` and the conditions of a request: RFC 9110, sections 13 and 14.

use domain::Millis;
use http::{HeaderMap, HeaderName, header};
use jiff::fmt::rfc2822::DateTimeParser;
use service::{ByteRange, Stat};

/// What a request asks to be done with a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send all of it.
    Whole,
    /// Send the bytes from the first to the last.
    Part(u64, u64),
    /// Say that the file is not the one that the caller means.
    Failed,
    /// Say that the caller has it already.
    NotModified,
    /// Say that there is no such range.
    NotSatisfiable,
}

/// Whether the headers ask anything for which the file must be known before it is sent.
pub(super) fn are_conditional(headers: &HeaderMap) -> bool {
    let asking = [
        header::RANGE,
        header::IF_MATCH,
        header::IF_UNMODIFIED_SINCE,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
    ];
    asking.iter().any(|name| headers.contains_key(name))
}

/// Judges a request for a file.
pub(super) fn judge(headers: &HeaderMap, stat: &Stat) -> Verdict {
    if is_another(headers, stat) {
        return Verdict::Failed;
    }
    if is_unchanged(headers, stat) {
        return Verdict::NotModified;
    }
    match text(headers, header::RANGE).and_then(range) {
        Some(range) if still_holds(headers, stat) => {
            range.within(stat.size).map_or(Verdict::NotSatisfiable, |(first, last)| Verdict::Part(first, last))
        }
        _ => Verdict::Whole,
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The entity tags of a header.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

/// `If-Match`, or else `If-Unmodified-Since`.
fn is_another(headers: &HeaderMap, stat: &Stat) -> bool {
    if headers.contains_key(header::IF_MATCH) {
        // A weak tag promises no equal bytes.
        let known = stat.etag.as_deref().filter(|tag| tag.starts_with('"'));
        return !tags(headers, &header::IF_MATCH).any(|tag| tag == "*" || Some(tag) == known);
    }
    match (text(headers, header::IF_UNMODIFIED_SINCE).and_then(date), stat.last_modified) {
        (Some(since), Some(modified)) => modified.div_euclid(1000) > since,
        _ => false,
    }
}

/// `If-None-Match`, or else `If-Modified-Since`.
fn is_unchanged(headers: &HeaderMap, stat: &Stat) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let known = stat.etag.as_deref().map(strong);
        return tags(headers, &header::IF_NONE_MATCH).any(|tag| tag == "*" || Some(strong(tag)) == known);
    }
    match (text(headers, header::IF_MODIFIED_SINCE).and_then(date), stat.last_modified) {
        (Some(since), Some(modified)) => modified.div_euclid(1000) <= since,
        _ => false,
    }
}

/// `If-Range`: whether a part of the file still fits the parts that the caller has.
fn still_holds(headers: &HeaderMap, stat: &Stat) -> bool {
    match text(headers, header::IF_RANGE) {
        None => true,
        Some(tag) if tag.starts_with('"') => stat.etag.as_deref() == Some(tag),
        // A weak tag promises no equal bytes.
        Some(tag) if tag.starts_with("W/") => false,
        Some(time) => stat.last_modified.is_some_and(|modified| date(time) == Some(modified.div_euclid(1000))),
    }
}

/// An entity tag without the mark of a weak one.
fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Seconds since the epoch of an HTTP date.
fn date(text: &str) -> Option<Millis> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok().map(jiff::Timestamp::as_second)
}

/// A single range of bytes. Several, and what is no range, count as none: the whole file is sent.
fn range(text: &str) -> Option<ByteRange> {
    let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", count) => count.parse().ok().map(ByteRange::Last),
        (first, "") => first.parse().ok().map(ByteRange::From),
        (first, last) => {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some(ByteRange::Between(first, last))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(asked: &[(HeaderName, &'static str)]) -> Verdict {
        // 2023-11-14 22:13:20 and a half.
        let stat = Stat { size: 10, etag: Some("\"tag\"".into()), last_modified: Some(1_700_000_000_500) };
        let headers = asked.iter().map(|(name, value)| (name.clone(), http::HeaderValue::from_static(value)));
        judge(&headers.collect(), &stat)
    }

    const THEN: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
    const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-3", Verdict::Part(0, 3)),
            ("bytes=4-", Verdict::Part(4, 9)),
            ("bytes=-4", Verdict::Part(6, 9)),
            ("bytes=4-99", Verdict::Part(4, 9)),
            ("bytes=10-", Verdict::NotSatisfiable),
            ("bytes=-0", Verdict::NotSatisfiable),
            ("bytes=3-1", Verdict::Whole),
            ("bytes=0-1,3-4", Verdict::Whole),
            ("lines=0-1", Verdict::Whole),
            ("bytes=a-b", Verdict::Whole),
        ] {
            assert_eq!(verdict(&[(header::RANGE, range)]), expected, "{range}");
        }
    }

    #[test]
    fn conditions() {
        use header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
        assert_eq!(verdict(&[]), Verdict::Whole);
        for list in ["\"tag\"", "\"a\", \"tag\"", "W/\"tag\"", "*"] {
            assert_eq!(verdict(&[(IF_NONE_MATCH, list)]), Verdict::NotModified, "{list}");
        }
        assert_eq!(verdict(&[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, THEN)]), Verdict::Whole);
        for list in ["\"tag\"", "\"a\", \"tag\"", "*"] {
            assert_eq!(verdict(&[(IF_MATCH, list), (IF_UNMODIFIED_SINCE, BEFORE)]), Verdict::Whole, "{list}");
        }
        for list in ["\"other\"", "W/\"tag\"", ""] {
            assert_eq!(verdict(&[(IF_MATCH, list), (IF_NONE_MATCH, "*")]), Verdict::Failed, "{list}");
        }
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, THEN), (RANGE, "bytes=1-2")]), Verdict::Part(1, 2));
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, BEFORE)]), Verdict::Failed);
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, "yesterday")]), Verdict::Whole);
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, THEN)]), Verdict::NotModified);
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, BEFORE)]), Verdict::Whole);
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, "yesterday")]), Verdict::Whole);
        for (condition, expected) in [
            ("\"tag\"", Verdict::Part(1, 2)),
            ("\"other\"", Verdict::Whole),
            ("W/\"tag\"", Verdict::Whole),
            (THEN, Verdict::Part(1, 2)),
            (BEFORE, Verdict::Whole),
        ] {
            assert_eq!(verdict(&[(RANGE, "bytes=1-2"), (IF_RANGE, condition)]), expected, "{condition}");
        }
    }
}
