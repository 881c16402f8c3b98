//! Searches: page sizes and tokens, and the domain's trees handed to the store.

mod experiments;
mod logged_models;
mod model_versions;
mod registered_models;
mod run_models;
mod runs;

use domain::experiments::ExperimentId;
use domain::{Error, Result};
use store::search::Window;

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

/// The rows of a page and one more, which says whether another page follows.
fn window(offset: i64, size: i64) -> Window {
    Window { offset: offset.unsigned_abs(), limit: one_more(size) }
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
