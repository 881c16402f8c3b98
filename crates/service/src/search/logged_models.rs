//! Searching logged models.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::logged_models::LoggedModel;
use domain::search::OrderKey;
use domain::search::logged_models::{OrderBy, check_order, parse_filter, parse_order_field};
use domain::{Error, Page, Result};
use serde::{Deserialize, Serialize};
use store::search::logged_models::{self as rows, LoggedModelSearch};
use store::search::{Place, Window};

use super::{cut, experiment_ids, one_more};
use crate::errors::from_store;
use crate::{LoggedModelDataset, LoggedModelOrder, SearchLoggedModels, Service, boxed};

/// The page of a search that does not say.
const DEFAULT_RESULTS: i64 = 50;
/// The page of a search that says 0.
const ZERO_RESULTS: i64 = 100;
/// Most datasets that metrics are restricted to.
const MAX_DATASETS: usize = 1_000;

/// A page token: MLflow's, which repeats the search that it belongs to; and where the last model of the page before stands
/// in its order, so that models that are added meanwhile shift nothing.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Token {
    experiment_ids: Vec<String>,
    filter_string: Option<String>,
    order_by: Option<Vec<TokenOrder>>,
    offset: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Place>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TokenOrder {
    field_name: String,
    ascending: bool,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

impl From<&LoggedModelOrder> for TokenOrder {
    fn from(order: &LoggedModelOrder) -> Self {
        Self {
            field_name: order.field_name.clone(),
            ascending: order.ascending,
            dataset_name: order.dataset_name.clone(),
            dataset_digest: order.dataset_digest.clone(),
        }
    }
}

impl Token {
    /// The token of a search's first page.
    fn first(search: &SearchLoggedModels) -> Self {
        let order: Vec<_> = search.order_by.iter().map(TokenOrder::from).collect();
        Self {
            experiment_ids: search.experiment_ids.clone(),
            filter_string: search.filter.clone().filter(|filter| !filter.is_empty()),
            order_by: Some(order).filter(|order| !order.is_empty()),
            offset: 0,
            last: None,
        }
    }

    /// Reads the token of a search, which must be of this very search.
    fn read(search: &SearchLoggedModels) -> Result<Self> {
        let wanted = Self::first(search);
        let Some(text) = search.page_token.as_deref().filter(|token| !token.is_empty()) else { return Ok(wanted) };
        let unreadable = || Error::invalid(format!("Invalid page token: {text}."));
        let bytes = STANDARD.decode(text).map_err(|_| unreadable())?;
        let found: Self = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        if found.offset < 0 {
            return Err(unreadable());
        }
        let differs = |what: &str, name: &str, wanted: String, found: String| {
            Err(Error::invalid(format!(
                "{what} in the page token do{} not match the requested {name}. Expected: {wanted}. Found: {found}",
                if what.ends_with('s') { "" } else { "es" }
            )))
        };
        if found.experiment_ids != wanted.experiment_ids {
            let (wanted, found) = (json(&wanted.experiment_ids), json(&found.experiment_ids));
            return differs("Experiment IDs", "experiment IDs", wanted, found);
        }
        if found.filter_string != wanted.filter_string {
            let none = || "None".to_owned();
            let wanted = wanted.filter_string.unwrap_or_else(none);
            return differs("Filter string", "filter string", wanted, found.filter_string.unwrap_or_else(none));
        }
        if found.order_by != wanted.order_by {
            let (wanted, found) = (json(&wanted.order_by), json(&found.order_by));
            return differs("Order by", "order by", wanted, found);
        }
        Ok(found)
    }

    fn write(&self) -> String {
        STANDARD.encode(json(self))
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn order(keys: &[LoggedModelOrder]) -> Result<Vec<OrderKey<OrderBy>>> {
    let keys = keys
        .iter()
        .map(|key| {
            let by = parse_order_field(&key.field_name, key.dataset_name.as_deref(), key.dataset_digest.as_deref())?;
            Ok(OrderKey { by, ascending: key.ascending })
        })
        .collect::<Result<Vec<_>>>()?;
    check_order(&keys)?;
    Ok(keys)
}

fn datasets(given: &[LoggedModelDataset]) -> Result<Vec<(String, String)>> {
    if given.iter().any(|dataset| dataset.name.is_empty()) {
        return Err(Error::invalid("`dataset_name` in the `datasets` clause must be specified."));
    }
    if given.len() > MAX_DATASETS {
        return Err(Error::invalid(format!(
            "The `datasets` clause can have at most {MAX_DATASETS} entries. Received {} entries.",
            given.len()
        )));
    }
    Ok(given.iter().map(|dataset| (dataset.name.clone(), dataset.digest.clone().unwrap_or_default())).collect())
}

impl Service {
    /// A page of logged models.
    #[boxed]
    pub async fn search_logged_models(&self, search: SearchLoggedModels) -> Result<Page<LoggedModel>> {
        let size = match search.max_results {
            None => DEFAULT_RESULTS,
            Some(0) => ZERO_RESULTS,
            Some(size) if size < 0 => {
                return Err(Error::invalid(format!(
                    "Invalid value {size} for parameter 'max_results' supplied. It must not be negative"
                )));
            }
            Some(size) => size,
        };
        let datasets = datasets(&search.datasets)?;
        let token = Token::read(&search)?;
        let wanted = LoggedModelSearch {
            filter: parse_filter(search.filter.as_deref())?,
            order: order(&search.order_by)?,
            experiments: experiment_ids(&search.experiment_ids)?,
            datasets,
        };
        let window = Window { offset: token.offset.unsigned_abs(), after: token.last.clone(), limit: one_more(size) };
        let mut conn = self.inner.store.scan().await.map_err(from_store)?;
        let found = rows::page(&mut conn, &wanted, &window).await.map_err(from_store)?;
        let (found, more) = cut(found, size);
        let next_page_token = found.last().filter(|_| more).map(|last| {
            let offset = token.offset.saturating_add(size);
            Token { offset, last: Some(rows::place(&wanted.order, last)), ..token }.write()
        });
        let found = found.into_iter().map(|placed| placed.row).collect();
        let items = store::logged_models::load(&mut conn, found).await.map_err(from_store)?;
        Ok(Page { items, next_page_token })
    }
}
