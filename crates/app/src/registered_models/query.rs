//! The query of the page that is shown, which holds its state.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::query;

/// Keys with values, in order. A key without a value is as good as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `?a=b&c=d`, with or without its question mark.
    pub(crate) fn parse(search: &str) -> Self {
        Self(query::parse(search).into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The first value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Every value of a key.
    pub(crate) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The same query with one value for this key; an empty one removes the key.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.0.retain(|(k, _)| k != key);
        if !value.is_empty() {
            self.0.push((key.to_owned(), value));
        }
        self
    }

    /// The address of a path with this query.
    pub(crate) fn href(&self, path: &str) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        query::address(path, &pairs)
    }
}

/// The query of the page that is shown.
pub(crate) fn use_query() -> Memo<Query> {
    let search = use_location().search;
    Memo::new(move |_| search.with(|s| Query::parse(s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_changes_and_the_others_stay() {
        let query = Query::parse("?search=a+b&page=2&empty=&versions=1&versions=2");
        assert_eq!(query.all("versions").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.get("empty"), None);
        let changed = query.with("page", "").with("versions", "3");
        assert_eq!(changed.href("/models"), "/models?search=a%20b&versions=3");
    }
}
