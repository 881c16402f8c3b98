//! The whole result of a search for runs as one CSV file, made while it is sent.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io;

use bytes::Bytes;
use domain::runs::{Run, SOURCE_NAME_TAG};
use domain::{Error, Millis, Result, is_internal_tag};
use futures::stream::BoxStream;

use crate::produced::{Out, produced};
use crate::{SearchRuns, Service, boxed};

/// Runs asked for at a time.
const STRIDE: i64 = 1_000;
/// The most params, metrics and tags that a file may have columns for.
const MAX_COLUMNS: usize = 10_000;
/// What is known of every run, in front of the columns of its keys.
const FACTS: [&str; 7] = ["Start Time", "Duration (ms)", "Run ID", "Name", "Status", "User", "Source"];

/// A search whose columns are known and whose runs are not read yet.
pub struct RunsCsv {
    service: Service,
    search: SearchRuns,
    columns: Columns,
}

/// Keys that any of the runs has, sorted.
#[derive(Default)]
struct Columns {
    params: BTreeSet<String>,
    metrics: BTreeSet<String>,
    tags: BTreeSet<String>,
}

impl Service {
    /// Every run that a search finds, with all its params, metrics and tags but for those that clients keep for themselves.
    /// The search's page is not looked at. `started_within` leaves out runs that started longer ago.
    ///
    /// The runs are read twice, a page at a time: first for their keys, which make the columns, then for the rows.
    #[boxed]
    pub async fn runs_csv(&self, mut search: SearchRuns, started_within: Option<Millis>) -> Result<RunsCsv> {
        search.max_results = STRIDE;
        search.page_token = None;
        if let Some(millis) = started_within {
            search = search.started_since(self.now().saturating_sub(millis));
        }
        let mut columns = Columns::default();
        let mut page = Some(search.clone());
        while let Some(wanted) = page {
            let found = self.search_runs(wanted).await?;
            columns.add(&found.items);
            if columns.count() > MAX_COLUMNS {
                return Err(Error::invalid(format!(
                    "The runs have more than {MAX_COLUMNS} params, metrics and tags, too many for one file: narrow the \
                     search, then export again."
                )));
            }
            page = found.next_page_token.map(|token| SearchRuns { page_token: Some(token), ..search.clone() });
        }
        Ok(RunsCsv { service: self.clone(), search, columns })
    }
}

impl RunsCsv {
    /// Its bytes, read as they are asked for. A store that fails meanwhile breaks it off.
    pub fn into_stream(self) -> BoxStream<'static, io::Result<Bytes>> {
        produced("an export of runs", |out| self.write(out))
    }

    async fn write(self, out: Out) -> io::Result<()> {
        out.send(self.columns.heading()?).await?;
        let mut page = Some(self.search.clone());
        while let Some(wanted) = page {
            let found = self.service.search_runs(wanted).await.map_err(|error| io::Error::other(error.message))?;
            if !found.items.is_empty() {
                out.send(self.columns.rows(&found.items)?).await?;
            }
            page = found.next_page_token.map(|token| SearchRuns { page_token: Some(token), ..self.search.clone() });
        }
        Ok(())
    }
}

impl Columns {
    fn add(&mut self, runs: &[Run]) {
        let add = |known: &mut BTreeSet<String>, key: &str| {
            if !known.contains(key) {
                known.insert(key.to_owned());
            }
        };
        for data in runs.iter().map(|run| &run.data) {
            data.params.iter().for_each(|param| add(&mut self.params, &param.key));
            data.metrics.iter().for_each(|metric| add(&mut self.metrics, &metric.key));
            data.tags.iter().filter(|tag| !is_internal_tag(&tag.key)).for_each(|tag| add(&mut self.tags, &tag.key));
        }
    }

    fn count(&self) -> usize {
        self.params.len() + self.metrics.len() + self.tags.len()
    }

    fn heading(&self) -> io::Result<Bytes> {
        let keys = self.params.iter().chain(&self.metrics).chain(&self.tags).map(String::as_str);
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(FACTS.into_iter().chain(keys).map(plain))?;
        finish(out)
    }

    fn rows(&self, runs: &[Run]) -> io::Result<Bytes> {
        let mut out = csv::Writer::from_writer(Vec::new());
        for run in runs {
            let data = &run.data;
            let params: HashMap<_, _> = data.params.iter().map(|p| (p.key.as_str(), Cow::from(&p.value))).collect();
            let metrics: HashMap<_, _> =
                data.metrics.iter().map(|m| (m.key.as_str(), Cow::from(m.value.to_string()))).collect();
            let tags: HashMap<_, _> = data.tags.iter().map(|t| (t.key.as_str(), Cow::from(&t.value))).collect();
            let of_keys = [(&self.params, &params), (&self.metrics, &metrics), (&self.tags, &tags)]
                .into_iter()
                .flat_map(|(keys, values)| keys.iter().map(|key| values.get(key.as_str()).map_or("", AsRef::as_ref)));
            let facts = facts(run);
            out.write_record(facts.iter().map(AsRef::as_ref).chain(of_keys).map(plain))?;
        }
        finish(out)
    }
}

/// The values of [`FACTS`].
fn facts(run: &Run) -> [Cow<'_, str>; FACTS.len()] {
    let info = &run.info;
    let started = jiff::Timestamp::from_millisecond(info.start_time).map(|time| time.to_string());
    [
        started.unwrap_or_default().into(),
        info.end_time.map(|end| end.saturating_sub(info.start_time).to_string()).unwrap_or_default().into(),
        info.run_id.as_str().into(),
        info.run_name.as_str().into(),
        info.status.name().into(),
        run.user().into(),
        run.tag(SOURCE_NAME_TAG).unwrap_or_default().into(),
    ]
}

fn finish(out: csv::Writer<Vec<u8>>) -> io::Result<Bytes> {
    Ok(out.into_inner().map_err(csv::IntoInnerError::into_error)?.into())
}

/// A spreadsheet takes a text that begins like this for a formula, which a run's author must not slip in; numbers may
/// be negative.
fn plain(field: &str) -> Cow<'_, [u8]> {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    if formula { format!("'{field}").into_bytes().into() } else { field.as_bytes().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused() {
        assert_eq!(&*plain("=1+1"), b"'=1+1");
        assert_eq!(&*plain("-0.5"), b"-0.5");
        assert_eq!(&*plain("a=b"), b"a=b");
    }
}
