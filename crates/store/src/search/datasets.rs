//! The datasets that experiments' runs read, as choices.

use domain::experiments::ExperimentId;
use domain::runs::DatasetSummary;

use crate::sqlite::row;
use crate::{Conn, Result, bulk};

row! {
    struct SummaryRow {
        experiment_id: i64,
        name: String,
        digest: String,
        context: Option<String>,
    }
}

/// The distinct datasets and contexts ([`DATASET_CONTEXT_TAG`](domain::runs::DATASET_CONTEXT_TAG)) of these experiments, by experiment, name, digest and context, at most 1,000.
pub async fn summaries(conn: &mut Conn, experiments: &[ExperimentId]) -> Result<Vec<DatasetSummary>> {
    macro_rules! select {
        ($set:literal) => {
            concat!(
                "SELECT DISTINCT d.experiment_id, d.name, d.digest, t.value AS context FROM datasets d
                 JOIN run_datasets u ON u.dataset_no = d.dataset_no
                 LEFT JOIN run_dataset_tags t
                     ON t.run_no = u.run_no AND t.dataset_no = u.dataset_no AND t.key = 'mlflow.data.context'
                 WHERE d.experiment_id ",
                $set,
                " ORDER BY d.experiment_id, d.name, d.digest, context LIMIT 1000"
            )
        };
    }
    let rows: Vec<SummaryRow> = bulk::fetch_set(
        conn,
        select!("= ANY($1)"),
        select!("IN (SELECT value FROM json_each($1))"),
        experiments.iter().map(|id| id.0).collect(),
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| DatasetSummary {
            experiment_id: ExperimentId(row.experiment_id),
            name: row.name,
            digest: row.digest,
            context: row.context,
        })
        .collect())
}
