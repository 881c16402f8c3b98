//! Settings as texts, such as variables of the environment. What is not understood is refused with a sentence: a setting
//! that counted as unset in silence would be looked for in vain.

use std::str::FromStr;

/// A switch, as MLflow reads its own: `true`, `false`, `1` or `0`, in any case; `None` if it is not set.
///
/// # Errors
/// A sentence for who configured it.
pub fn switch(name: &str, text: Option<&str>) -> Result<Option<bool>, String> {
    text.map(|text| match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("{name} must be true or false, not '{text}'")),
    })
    .transpose()
}

/// A number; `None` if it is not set.
///
/// # Errors
/// A sentence for who configured it.
pub fn number<N: FromStr>(name: &str, text: Option<&str>) -> Result<Option<N>, String> {
    text.map(|text| text.trim().parse().map_err(|_| format!("{name} must be a number, not '{text}'"))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(switch("S", None), Ok(None));
        assert_eq!(switch("S", Some("True ")), Ok(Some(true)));
        assert_eq!(switch("S", Some("0")), Ok(Some(false)));
        assert_eq!(switch("S", Some("yes")), Err("S must be true or false, not 'yes'".into()));
        assert_eq!(number::<u32>("N", None), Ok(None));
        assert_eq!(number("N", Some("7")), Ok(Some(7_u32)));
        assert_eq!(number::<u32>("N", Some("-7")), Err("N must be a number, not '-7'".into()));
    }
}
