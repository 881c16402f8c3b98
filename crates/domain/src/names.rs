//! Rules for names and keys, with MLflow's limits and messages. Lengths count Unicode code points.

use crate::{Error, Result};

/// Longest experiment name.
pub const MAX_EXPERIMENT_NAME: usize = 500;
/// Longest key of a metric, param or tag.
pub const MAX_KEY: usize = 250;
/// Longest value of an experiment's tag; longer ones are refused.
pub const MAX_EXPERIMENT_TAG_VALUE: usize = 20_000;
/// Longest value of a run's tag; longer ones are cut.
pub const MAX_RUN_TAG_VALUE: usize = 8_000;
/// Longest value of a run's param; longer ones are cut.
pub const MAX_PARAM_VALUE: usize = 6_000;
/// Longest value of a tag in the registry; longer ones are refused.
pub const MAX_REGISTRY_TAG_VALUE: usize = 100_000;
/// Longest alias.
pub const MAX_ALIAS: usize = 255;

/// Refuses text longer than `limit`, naming it `what` (which MLflow quotes).
pub fn check_length(what: &str, text: &str, limit: usize) -> Result<()> {
    // Bytes bound code points from above: most text needs no count.
    if text.len() > limit && text.chars().count() > limit {
        return Err(Error::invalid(format!("'{what}' exceeds the maximum length of {limit} characters")));
    }
    Ok(())
}

/// Cuts text to `limit` code points.
pub fn truncate(text: &mut String, limit: usize) {
    if text.len() > limit
        && let Some((end, _)) = text.char_indices().nth(limit)
    {
        text.truncate(end);
    }
}

/// Checks a metric's key; `path` is its place in the request, such as `name` or `metrics[3].name`.
pub fn check_metric_key(key: &str, path: &str) -> Result<()> {
    check_key(key, path)?;
    check_length("Metric name", key, MAX_KEY)
}

/// Checks a param's key; `path` is its place in the request, such as `key` or `params[3].key`.
pub fn check_param_key(key: &str, path: &str) -> Result<()> {
    check_key(key, path)?;
    check_length("Param key", key, MAX_KEY)
}

/// Checks a tag's key; `path` is its place in the request, such as `key` or `tags[3].key`.
pub fn check_tag_key(key: &str, path: &str) -> Result<()> {
    check_key(key, path)?;
    check_length(path, key, MAX_KEY)
}

/// Checks a tag's key and value where an over-long value is refused.
pub fn check_tag(key: &str, value: &str, max_value: usize) -> Result<()> {
    check_tag_key(key, "key")?;
    check_length("value", value, max_value)
}

fn check_key(key: &str, path: &str) -> Result<()> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | ':' | ' ');
    if !key.chars().all(allowed) {
        return Err(Error::invalid(format!(
            "Invalid value {} for parameter '{path}' supplied: Names may only contain alphanumerics, underscores (_), \
             dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).",
            json_ascii(key)
        )));
    }
    check_path_unique(key, path)
}

/// Refuses names that would be another name when read as a path: `a//b`, `a/`, `./a`, `/a`, `..`.
fn check_path_unique(name: &str, path: &str) -> Result<()> {
    let normalised = normalise(name);
    if normalised != name || name == "." || name.starts_with("..") || name.starts_with('/') {
        return Err(Error::invalid(format!(
            "Invalid value {} for parameter '{path}' supplied: Names may be treated as files in certain cases, and must \
             not resolve to other names when treated as such. This name would resolve to '{normalised}'",
            json_ascii(name)
        )));
    }
    Ok(())
}

/// POSIX path normalisation: `.` for nothing, no empty or `.` segments, `..` folded where it can be.
fn normalise(path: &str) -> String {
    let lead = match path.bytes().take_while(|b| *b == b'/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if !lead.is_empty() && parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let joined = format!("{lead}{}", parts.join("/"));
    if joined.is_empty() { ".".into() } else { joined }
}

/// Checks a registered model's name; `param` is the request's name for it (`name` or `new_name`).
pub fn check_model_name(name: &str, param: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid(format!("Missing value for required parameter '{param}'.")));
    }
    if name.contains(['/', ':']) {
        return Err(Error::invalid(format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")));
    }
    check_path_unique(name, "name")
}

/// Checks an alias that is read or deleted.
pub fn check_alias(alias: &str) -> Result<()> {
    if alias.is_empty() {
        return Err(Error::invalid("Missing value for required parameter 'alias'."));
    }
    if !alias.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Err(Error::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    check_length("Registered model alias name", alias, MAX_ALIAS)
}

/// Checks an alias that is set: [`check_alias`], and the reserved names `latest` and `v<number>`.
pub fn check_new_alias(alias: &str) -> Result<()> {
    check_alias(alias)?;
    if alias.eq_ignore_ascii_case("latest") {
        return Err(Error::invalid("'latest' alias name (case insensitive) is reserved."));
    }
    if alias.strip_prefix(['v', 'V']).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Error::invalid(format!("Version alias name '{alias}' is reserved.")));
    }
    Ok(())
}

/// Checks a logged model's name, which is given and not empty.
pub fn check_logged_model_name(name: &str) -> Result<()> {
    if name.contains(['/', ':', '.', '%', '"', '\'']) {
        return Err(Error::invalid(format!(
            "Invalid model name ({}) provided. Model name must be a non-empty string and cannot contain the following \
             characters: ('/', ':', '.', '%', '\"', \"'\")",
            python_repr(name)
        )));
    }
    Ok(())
}

/// Text as Python's `repr` prints it, which MLflow's messages quote.
pub fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// Text as JSON in ASCII, with its quotes: how MLflow's messages quote values of requests.
pub fn json_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in serde_json::Value::from(text).to_string().chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_paths_to_themselves_pass() {
        for key in ["a", "a/b", "mlflow.runName", "loss: train", "naïve", "a.b-c_d/e f"] {
            check_tag_key(key, "key").unwrap();
        }
    }

    #[test]
    fn keys_that_resolve_to_others_are_refused() {
        for (key, resolved) in
            [("a//b", "a/b"), ("a/", "a"), ("./a", "a"), ("/a", "/a"), ("..a", "..a"), ("a/..", "."), (".", ".")]
        {
            let message = check_tag_key(key, "key").unwrap_err().message;
            assert!(message.ends_with(&format!("This name would resolve to '{resolved}'")), "{key}: {message}");
        }
    }

    #[test]
    fn keys_of_other_characters_are_refused() {
        for key in ["a\n", "a\"b", "#", "a,b", "a\\b"] {
            assert!(check_metric_key(key, "name").unwrap_err().message.contains("Names may only contain"), "{key:?}");
        }
    }

    #[test]
    fn lengths_count_characters() {
        check_metric_key(&"ä".repeat(250), "name").unwrap();
        assert_eq!(
            check_metric_key(&"ä".repeat(251), "name").unwrap_err().message,
            "'Metric name' exceeds the maximum length of 250 characters"
        );
        let mut text = "ä".repeat(10);
        truncate(&mut text, 3);
        assert_eq!(text, "äää");
    }

    #[test]
    fn reserved_aliases_are_refused_when_set_only() {
        for alias in ["latest", "LATEST", "v1", "V23"] {
            check_alias(alias).unwrap();
            assert!(check_new_alias(alias).unwrap_err().message.contains("is reserved"));
        }
        check_new_alias("v1a").unwrap();
        check_new_alias("champion").unwrap();
        check_alias("a b").unwrap_err();
    }

    #[test]
    fn model_names_address_themselves_in_uris() {
        check_model_name("mnist nn 模型", "name").unwrap();
        for bad in ["", "  ", "a/b", "a:b", ".", ".."] {
            check_model_name(bad, "name").unwrap_err();
        }
    }
}
