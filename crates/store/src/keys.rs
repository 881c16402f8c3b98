//! Names of metrics, params and run tags, interned to numbers.
//!
//! A name keeps its number for ever, so that the cache can never be wrong; it holds only what has been committed:
//! [`Store::intern`] adds names in a transaction of its own, before the write that needs them. A name whose write then
//! fails stays behind unused, which harms nobody.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use crate::sqlite::row;
use crate::{Conn, Result, Store, args, bulk};

/// Names that are kept in memory; when there are more, the cache starts anew.
const MAX_CACHED: usize = 50_000;

/// The names behind some numbers.
pub type Names = HashMap<i64, Arc<str>>;

/// The names that are known already. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    cache: Arc<RwLock<Cache>>,
}

#[derive(Debug, Default)]
struct Cache {
    numbers: HashMap<Arc<str>, i64>,
    names: Names,
}

row! {
    struct KeyRow {
        key_no: i64,
        name: String,
    }
}

impl Keys {
    /// A name's number, if the name was ever used. The connection must be a reader's: what is found is kept.
    pub async fn find(&self, reader: &mut Conn, name: &str) -> Result<Option<i64>> {
        if let Some(number) = self.number(name) {
            return Ok(Some(number));
        }
        let row: Option<KeyRow> =
            reader.fetch_optional("SELECT key_no, name FROM keys WHERE name = $1", args![name]).await?;
        let number = row.as_ref().map(|r| r.key_no);
        self.remember(row);
        Ok(number)
    }

    /// The names of numbers. The connection must be a reader's: what is found is kept.
    pub async fn names(&self, reader: &mut Conn, numbers: impl IntoIterator<Item = i64>) -> Result<Names> {
        let wanted: BTreeSet<i64> = numbers.into_iter().collect();
        let (mut names, missing) = {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            let mut names = Names::with_capacity(wanted.len());
            let mut missing = Vec::new();
            for number in wanted {
                match cache.names.get(&number) {
                    Some(name) => drop(names.insert(number, name.clone())),
                    None => missing.push(number),
                }
            }
            (names, missing)
        };
        if !missing.is_empty() {
            let rows: Vec<KeyRow> = bulk::fetch_set(
                reader,
                "SELECT key_no, name FROM keys WHERE key_no = ANY($1)",
                "SELECT key_no, name FROM keys WHERE key_no IN (SELECT value FROM json_each($1))",
                missing,
            )
            .await?;
            names.extend(rows.iter().map(|r| (r.key_no, Arc::from(r.name.as_str()))));
            self.remember(rows);
        }
        Ok(names)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.cache.read().unwrap_or_else(PoisonError::into_inner).numbers.get(name).copied()
    }

    fn remember(&self, rows: impl IntoIterator<Item = KeyRow>) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return;
        }
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.names.len() >= MAX_CACHED {
            *cache = Cache::default();
        }
        for row in rows {
            let name: Arc<str> = row.name.into();
            cache.numbers.insert(name.clone(), row.key_no);
            cache.names.insert(row.key_no, name);
        }
    }
}

impl Store {
    /// The numbers of names, in their order; names that are new get one, in a transaction of this call's own.
    pub async fn intern(&self, names: &[&str]) -> Result<Vec<i64>> {
        let mut found: HashMap<String, i64> = HashMap::new();
        let known: Vec<Option<i64>> = names.iter().map(|name| self.keys().number(name)).collect();
        if known.iter().any(Option::is_none) {
            let missing: BTreeSet<String> =
                names.iter().zip(&known).filter(|(_, n)| n.is_none()).map(|(name, _)| (*name).to_owned()).collect();
            let rows: Vec<KeyRow> =
                self.write(move |tx| Box::pin(async move { add(tx, missing.into_iter().collect()).await })).await?;
            found.extend(rows.iter().map(|r| (r.name.clone(), r.key_no)));
            self.keys().remember(rows);
        }
        Ok(names.iter().zip(known).filter_map(|(name, number)| number.or_else(|| found.get(*name).copied())).collect())
    }
}

/// Gives a number to each of these names that has none; answers with all their numbers. The names are sorted, so that
/// two writers of the same names can't lock each other out.
async fn add(tx: &mut Conn, names: Vec<String>) -> Result<Vec<KeyRow>> {
    const POSTGRES: &str = "SELECT key_no, name FROM keys WHERE name = ANY($1)";
    const SQLITE: &str = "SELECT key_no, name FROM keys WHERE name IN (SELECT value FROM json_each($1))";
    let mut rows: Vec<KeyRow> = bulk::fetch_set(tx, POSTGRES, SQLITE, names.clone()).await?;
    let there: BTreeSet<&str> = rows.iter().map(|r| r.name.as_str()).collect();
    let new: Vec<String> = names.into_iter().filter(|name| !there.contains(name.as_str())).collect();
    if !new.is_empty() {
        bulk::execute_set(
            tx,
            "INSERT INTO keys (name) SELECT name FROM UNNEST($1) AS u(name) ON CONFLICT DO NOTHING",
            "INSERT INTO keys (name) SELECT value FROM json_each($1) WHERE TRUE ON CONFLICT DO NOTHING",
            new.clone(),
        )
        .await?;
        // Also those that another server has added in between.
        rows.extend(bulk::fetch_set::<KeyRow, _>(tx, POSTGRES, SQLITE, new).await?);
    }
    Ok(rows)
}
