//! Runs over HTTP. Batches: [`crate::log_batch`].

use axum::body::Body;
use axum::extract::State;
use domain::metrics::Metric;
use domain::runs::{Dataset, DatasetInput, ModelOutput, RunStatus};
use service::{LogInputs, LogMetric, NewRun, RunUpdate, SearchRuns, Service};

use crate::attachment;
use crate::error::ApiError;
use crate::experiments::view_type;
use crate::request::Params;
use crate::response::{Answer, done, one, page};
use crate::wire::Created;

/// Largest page of a run search.
const MAX_RUNS_PAGE: i64 = 50_000;
/// Page size of a run search that names none.
const DEFAULT_RUNS_PAGE: i64 = 1_000;

pub(crate) async fn create(State(service): State<Service>, mut params: Params) -> Answer {
    let new = NewRun {
        experiment_id: params.text("experiment_id")?,
        start_time: params.int64("start_time")?.unwrap_or(0),
        run_name: params.string("run_name")?,
        user_id: params.text("user_id")?,
        tags: params.pairs("tags")?,
    };
    one("run", &Created(service.create_run(new).await?))
}

pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id()?;
    one("run", &service.run(&id).await?)
}

pub(crate) async fn update(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id()?;
    let update = RunUpdate {
        end_time: params.int64("end_time")?,
        status: params.choice("status", RunStatus::from_name, RunStatus::from_number)?,
        run_name: params.string("run_name")?,
    };
    one("run_info", &service.update_run(&id, update).await?)
}

pub(crate) async fn delete(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id_only()?;
    service.delete_run(&id).await?;
    done()
}

pub(crate) async fn restore(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id_only()?;
    service.restore_run(&id).await?;
    done()
}

pub(crate) async fn search(State(service): State<Service>, mut params: Params) -> Answer {
    let search = SearchRuns {
        experiment_ids: params.strings("experiment_ids")?,
        filter: params.string("filter")?,
        max_results: params.int64_at_most("max_results", MAX_RUNS_PAGE)?.unwrap_or(DEFAULT_RUNS_PAGE),
        order_by: params.strings("order_by")?,
        view_type: view_type(&mut params, "run_view_type")?,
        page_token: params.string("page_token")?,
    };
    page("runs", &service.search_runs(search).await?)
}

/// Every run that a search of an experiment finds, as a CSV file.
pub(crate) async fn csv(State(service): State<Service>, mut params: Params) -> Answer {
    let experiment_id = params.required_string("experiment_id")?;
    let name = format!("runs-{experiment_id}.csv");
    let search = SearchRuns {
        experiment_ids: vec![experiment_id],
        filter: params.string("filter")?,
        order_by: params.strings("order_by")?,
        view_type: view_type(&mut params, "run_view_type")?,
        ..SearchRuns::default()
    };
    let runs = service.runs_csv(search, params.int64("started_within")?).await?;
    Ok(attachment::made(&name, "text/csv; charset=utf-8", Body::from_stream(runs.into_stream())))
}

pub(crate) async fn set_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id()?;
    let key = params.required_string("key")?;
    let value = params.text("value")?;
    service.set_run_tag(&id, &key, &value).await?;
    done()
}

pub(crate) async fn delete_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id_only()?;
    let key = params.required_string("key")?;
    service.delete_run_tag(&id, &key).await?;
    done()
}

pub(crate) async fn log_parameter(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id()?;
    let key = params.required_string("key")?;
    let value = params.text("value")?;
    service.log_param(&id, &key, &value).await?;
    done()
}

pub(crate) async fn log_metric(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id()?;
    let metric = read_metric(&mut params)?;
    service.log_metric(&id, metric).await?;
    done()
}

/// Reads one metric value: the whole request of log-metric, or an element of a batch.
pub(crate) fn read_metric(params: &mut Params) -> Result<LogMetric, ApiError> {
    let read = LogMetric {
        metric: Metric {
            key: params.required_string("key")?,
            value: params.required_double("value")?,
            timestamp: params.required_int64("timestamp")?,
            step: params.int64("step")?.unwrap_or(0),
        },
        model_id: filled(params.string("model_id")?),
        dataset_name: filled(params.string("dataset_name")?),
        dataset_digest: filled(params.string("dataset_digest")?),
    };
    // The client cannot read a metric with one of them.
    if read.dataset_name.is_some() != read.dataset_digest.is_some() {
        return Err(ApiError::invalid("Both dataset_name and dataset_digest must be provided if one is provided"));
    }
    Ok(read)
}

/// A text that MLflow takes for absent when it is empty.
pub(crate) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

pub(crate) async fn log_inputs(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id_only()?;
    let datasets = params.objects("datasets")?.into_iter().map(read_dataset_input).collect::<Result<_, _>>()?;
    let models = params.objects("models")?.into_iter().map(|mut m| m.text("model_id")).collect::<Result<_, _>>()?;
    service.log_inputs(&id, LogInputs { datasets, models }).await?;
    done()
}

fn read_dataset_input(mut input: Params) -> Result<DatasetInput, ApiError> {
    let tags = input.pairs("tags")?;
    let mut dataset = input.object("dataset")?;
    let dataset = Dataset {
        name: dataset.required_string("name")?,
        digest: dataset.required_string("digest")?,
        source_type: dataset.text("source_type")?,
        source: dataset.text("source")?,
        schema: filled(dataset.string("schema")?),
        profile: filled(dataset.string("profile")?),
    };
    Ok(DatasetInput { tags, dataset })
}

pub(crate) async fn log_outputs(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id_only()?;
    let read = |mut model: Params| -> Result<_, ApiError> {
        Ok(ModelOutput { model_id: model.text("model_id")?, step: model.int64("step")?.unwrap_or(0) })
    };
    let outputs = params.required_objects("models")?.into_iter().map(read).collect::<Result<_, _>>()?;
    service.log_outputs(&id, outputs).await?;
    done()
}

pub(crate) async fn log_model(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.run_id_only()?;
    let model = params.required_string("model_json")?;
    service.log_model(&id, &model).await?;
    done()
}
