//! Searches: page sizes and tokens, and the domain's trees handed to the store.

mod experiments;
mod logged_models;
mod model_versions;
mod registered_models;
mod run_models;
mod runs;

use domain::experiments::ExperimentId;
use domain::{Error, Page, Result};
use store::search::{Place, Window};

use crate::paging;

/// Most experiments that a search looks into.
const MAX_EXPERIMENTS: usize = 10_000;

/// Refuses page sizes below one and above `most`.
pub(crate) fn check_size(size: i64, most: i64) -> Result<()> {
    let invalid =
        |what: &str| Error::invalid(format!("Invalid value {size} for parameter 'max_results' supplied. {what}"));
    if size < 1 {
        return Err(invalid("It must be a positive integer"));
    }
    if size > most {
        return Err(invalid(&format!("It must be at most {most}")));
    }
    Ok(())
}

/// The refusal of a page size that the declaration of the request rules out.
fn out_of_bounds(size: i64) -> Error {
    Error::invalid(format!(
        "Invalid value {size} for parameter 'max_results' supplied:  Hint: Value was of type 'int'. See the API docs \
         for more information about request parameters."
    ))
}

/// A page of a search, as its token says.
struct Asked {
    offset: i64,
    size: i64,
    after: Option<Place>,
}

impl Asked {
    fn new(token: Option<&str>, size: i64) -> Result<Self> {
        Ok(Self { offset: paging::decode(token)?, size, after: paging::decode_last(token) })
    }

    /// The rows of the page and one more, which says whether another page follows.
    fn window(&self) -> Window {
        Window { offset: self.offset.unsigned_abs(), after: self.after.clone(), limit: one_more(self.size) }
    }

    /// The page's rows, and the token of the next page if there is one; `place` says where a row stands in the order.
    fn page<T>(&self, rows: Vec<T>, place: impl FnOnce(&T) -> Place) -> Page<T> {
        let (rows, more) = cut(rows, self.size);
        let next = self.offset.saturating_add(self.size);
        let next_page_token = rows.last().filter(|_| more).map(|last| paging::encode_last(next, place(last)));
        Page { items: rows, next_page_token }
    }
}

/// Leaves the rows of a page of those of its window, and says whether another page follows.
fn cut<T>(mut rows: Vec<T>, size: i64) -> (Vec<T>, bool) {
    let fits = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > fits;
    rows.truncate(fits);
    (rows, more)
}

fn one_more(size: i64) -> u64 {
    size.saturating_add(1).unsigned_abs()
}

/// The experiments of wire ids, each once.
fn experiment_ids(ids: &[String]) -> Result<Vec<ExperimentId>> {
    if ids.len() > MAX_EXPERIMENTS {
        return Err(Error::invalid(format!(
            "A search can look into at most {MAX_EXPERIMENTS} experiments. Received {} experiment_ids.",
            ids.len()
        )));
    }
    let mut ids = ids.iter().map(|id| ExperimentId::parse(id)).collect::<Result<Vec<_>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
