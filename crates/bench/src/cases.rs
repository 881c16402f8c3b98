//! The requests that are measured, and how fast they are meant to be.

use serde_json::json;
use url::form_urlencoded::byte_serialize;

use crate::data::{Data, Scale, WRITERS, create, fraction};
use crate::http::Call;
use crate::report::Goal;

/// How long a list must be.
type Length = fn(&Scale) -> usize;

/// One row of the table.
pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) connections: usize,
    /// What one request is counted as.
    pub(crate) units: f64,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    /// The same of the database directly: connections, and rows per commit.
    pub(crate) raw: Option<(usize, i64)>,
    /// FastTrackML has no model registry.
    pub(crate) registry: bool,
    /// The answer's list and how long it must be, looked at once for each server.
    pub(crate) answers: Option<(&'static str, Length)>,
    pub(crate) call: fn(&Data, usize) -> Call,
}

/// What most rows have in common.
const READ: Case = Case {
    what: "",
    connections: 1,
    units: 1.0,
    unit: "/s",
    goal: Goal::None,
    raw: None,
    registry: false,
    answers: None,
    call: |_, _| Call::health(),
};

/// All rows. The two numbers of a goal say how many times as fast as MLflow FastTrackML 0.6.0 was on SQLite and on
/// Postgres; they stand in for it where it is not measured itself.
pub(crate) const CASES: &[Case] = &[
    Case {
        what: "runs/create",
        connections: 16,
        goal: Goal::FastTrackMl(5.0, [27.4, 5.6]),
        raw: Some((16, 1)),
        call: |data, _| create(&data.scratch, data.tick(), &[]),
        ..READ
    },
    Case { what: "log-metric", goal: Goal::FastTrackMl(5.0, [7.0, 2.4]), raw: Some((1, 1)), call: log_metric, ..READ },
    Case {
        what: "log-metric",
        connections: WRITERS,
        goal: Goal::FastTrackMl(10.0, [13.0, 2.9]),
        raw: Some((16, 1)),
        call: log_metric,
        ..READ
    },
    Case {
        what: "log-batch of 1,000 metrics",
        units: 1_000.0,
        unit: "metrics/s",
        goal: Goal::FastTrackMl(4.0, [5.1, 4.5]),
        raw: Some((1, 1_000)),
        call: |data, _| data.log_batch_of(&data.written[1], 1_000, |i| format!("metric.{:02}", i % 20)),
        ..READ
    },
    Case {
        what: "runs/search, 100 rows",
        goal: Goal::FastTrackMl(15.0, [4.5, 7.7]),
        answers: Some(("runs", |_| 100)),
        call: search_100,
        ..READ
    },
    Case {
        what: "runs/search, 1,000 rows",
        goal: Goal::FastTrackMl(10.0, [8.2, 8.8]),
        answers: Some(("runs", |_| 1_000)),
        call: |data, _| {
            let search = json!({"experiment_ids": data.experiments[..1], "max_results": 1_000});
            Call::post("runs/search", search.to_string())
        },
        ..READ
    },
    Case {
        what: "metric and param filter, by a metric",
        goal: Goal::FastTrackMl(15.0, [12.5, 3.75]),
        call: |data, _| {
            let search = json!({"experiment_ids": data.experiments, "max_results": 100,
                "filter": "metrics.`metric.03` > 0.5 AND params.`param.02` = 'v1'",
                "order_by": ["metrics.`metric.05` DESC"]});
            Call::post("runs/search", search.to_string())
        },
        ..READ
    },
    Case {
        what: "first of ten pages of all runs",
        answers: Some(("runs", Scale::page)),
        call: |data, _| data.first_page_of_all(),
        ..READ
    },
    Case {
        what: "tenth of ten pages of all runs",
        goal: Goal::RowBefore,
        answers: Some(("runs", Scale::page)),
        call: |data, _| data.page_of_all(),
        ..READ
    },
    Case {
        what: "experiments/search",
        goal: Goal::FastTrackMl(5.0, [8.5, 8.7]),
        // Beside the data's there are `Default` and the one that is written to.
        answers: Some(("experiments", |scale| scale.runs.len() + 2)),
        call: |_, _| Call::post("experiments/search", json!({"max_results": 100}).to_string()),
        ..READ
    },
    Case {
        what: "runs/get",
        connections: 16,
        goal: Goal::FastTrackMl(6.0, [15.3, 19.3]),
        call: |data, _| {
            let number = usize::try_from(data.tick()).unwrap_or(0);
            Call::get(&format!("runs/get?run_id={}", data.runs[number % data.runs.len()]))
        },
        ..READ
    },
    Case {
        what: "get-history of 10,000 points",
        goal: Goal::FastTrackMl(12.0, [4.8, 11.5]),
        answers: Some(("metrics", |_| 10_000)),
        call: |data, _| Call::get(&format!("metrics/get-history?run_id={}&metric_key=history", data.written[0])),
        ..READ
    },
    Case {
        what: "registered-models/search, all",
        goal: Goal::Mlflow(100.0),
        registry: true,
        answers: Some(("registered_models", |scale| scale.models)),
        call: |_, _| Call::get("registered-models/search?max_results=1000"),
        ..READ
    },
    Case {
        what: "model-versions/search, all of one model",
        goal: Goal::Mlflow(100.0),
        registry: true,
        answers: Some(("model_versions", |scale| scale.versions)),
        call: |_, _| {
            let filter: String = byte_serialize(b"name='model 0000'").collect();
            Call::get(&format!("model-versions/search?max_results=10000&filter={filter}"))
        },
        ..READ
    },
    // The last, since it changes the runs that others search for.
    Case {
        what: "log-batch of 100 params",
        units: 100.0,
        unit: "params/s",
        goal: Goal::FastTrackMl(3.0, [6.4, 3.1]),
        raw: Some((1, 100)),
        call: log_params,
        ..READ
    },
];

/// One point of one metric, on a run of each connection's own.
pub(crate) fn log_metric(data: &Data, connection: usize) -> Call {
    let now = data.tick();
    let point = json!({"run_id": data.written[connection], "key": "loss", "value": fraction(now), "timestamp": now,
        "step": now});
    Call::post("runs/log-metric", point.to_string())
}

/// The latest hundred runs of an experiment.
pub(crate) fn search_100(data: &Data, _connection: usize) -> Call {
    let search = json!({"experiment_ids": data.experiments[..1], "max_results": 100});
    Call::post("runs/search", search.to_string())
}

/// A hundred new params, each time to another run.
fn log_params(data: &Data, _connection: usize) -> Call {
    let now = usize::try_from(data.tick()).unwrap_or(0);
    let (run, round) = (&data.spare[now % data.spare.len()], now / data.spare.len());
    let params: Vec<_> =
        (0..100).map(|i| json!({"key": format!("new.{round}.{i:02}"), "value": format!("value {i}")})).collect();
    Call::post("runs/log-batch", json!({"run_id": run, "params": params}).to_string())
}
