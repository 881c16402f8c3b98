//! Versions side by side: their runs and logged models, schemas and files.

use std::collections::{BTreeMap, HashMap};

use domain::comparison::{Comparison, FieldType, FileFacts, Line, MAX_FILES, MAX_VERSIONS, Number, Side};
use domain::logged_models::LoggedModel;
use domain::model_file::{Field, Signature};
use domain::model_versions::ModelVersion;
use domain::runs::Run;
use domain::{Error, ErrorCode, KeyValue, Result};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{FileInfo, Service, boxed};

/// The most folders of a version that are looked into.
const MAX_FOLDERS: usize = 200;
/// How many versions are read at the same time.
const AT_ONCE: usize = 4;

/// One version with all that belongs to it.
struct Column {
    version: ModelVersion,
    run: Option<Run>,
    model: Option<LoggedModel>,
    signature: Result<Option<Signature>>,
    files: Result<Files>,
}

/// The files of a version, in the order of their paths' names.
struct Files {
    found: Vec<(String, FileFacts)>,
    is_truncated: bool,
}

impl Service {
    /// Puts versions, each named by its model and number (a decimal string), side by side: from one to 20.
    #[boxed]
    pub async fn compare_versions(&self, versions: Vec<(String, String)>) -> Result<Comparison> {
        self.side_by_side(versions, true).await
    }

    /// The same without what the artifact store knows, schemas and files, and so without waiting for it.
    #[boxed]
    pub async fn compare_records(&self, versions: Vec<(String, String)>) -> Result<Comparison> {
        self.side_by_side(versions, false).await
    }

    async fn side_by_side(&self, versions: Vec<(String, String)>, reads_files: bool) -> Result<Comparison> {
        if versions.is_empty() || versions.len() > MAX_VERSIONS {
            return Err(Error::invalid(format!(
                "From 1 to {MAX_VERSIONS} versions can be compared, not {}.",
                versions.len()
            )));
        }
        let columns = stream::iter(versions).map(|(name, version)| {
            let service = self.clone();
            async move { service.column(&name, &version, reads_files).await }
        });
        let columns: Vec<Column> = columns.buffered(AT_ONCE).try_collect().await?;
        Ok(compare(columns))
    }

    async fn column(&self, name: &str, version: &str, reads_files: bool) -> Result<Column> {
        let version = self.model_version(name, version).await?;
        let number = version.version.to_string();
        let run = if version.run_id.is_empty() { None } else { found(self.run(&version.run_id).await)? };
        let model = match &version.model_id {
            Some(model_id) => found(self.logged_model(model_id, true).await)?,
            None => None,
        };
        if !reads_files {
            let files = Ok(Files { found: Vec::new(), is_truncated: false });
            return Ok(Column { version, run, model, signature: Ok(None), files });
        }
        let signature = self.version_model_file(name, &number).await;
        let signature = signature.map(|file| file.and_then(|file| file.signature));
        let files = match &signature {
            // A store that is down is not waited for twice.
            Err(error) if error.code == ErrorCode::TemporarilyUnavailable => Err(error.clone()),
            _ => self.version_files(name, &number).await,
        };
        Ok(Column { version, run, model, signature, files })
    }

    /// All files of a version below its folders, up to [`MAX_FILES`].
    async fn version_files(&self, name: &str, version: &str) -> Result<Files> {
        let (mut found, mut folders) = (Vec::new(), 0);
        let mut rest = self.version_folder(name, version, "").await?;
        while let Some((file, sha256)) = rest.pop() {
            if found.len() == MAX_FILES || folders == MAX_FOLDERS {
                return Ok(Files { found, is_truncated: true });
            }
            if file.is_dir {
                folders += 1;
                rest.extend(self.version_folder(name, version, &file.path).await?);
            } else {
                found.push((file.path, FileFacts { size: file.size, sha256 }));
            }
        }
        Ok(Files { found, is_truncated: false })
    }

    /// What is in a folder of a version, the last name first, with the digests that are recorded.
    async fn version_folder(&self, name: &str, version: &str, path: &str) -> Result<Vec<(FileInfo, Option<String>)>> {
        let mut files = self.version_artifacts(name, version, path).await?.files;
        files.sort_unstable_by(|a, b| b.path.cmp(&a.path));
        let names: Vec<&str> = files.iter().filter(|file| !file.is_dir).map(|file| file_name(&file.path)).collect();
        let digests = match files.iter().find(|file| !file.is_dir) {
            Some(file) => self.version_file(name, version, &file.path).await?.digests_beside(&names).await?,
            None => HashMap::new(),
        };
        let digest = |file: &FileInfo| {
            let digest = digests.get(file_name(&file.path)).filter(|digest| file.size == Some(digest.size))?;
            Some(digest.sha256.to_string())
        };
        let digests: Vec<_> = files.iter().map(digest).collect();
        Ok(files.into_iter().zip(digests).collect())
    }
}

/// The last name of a path.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// `None` for what is not there.
fn found<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code == ErrorCode::ResourceDoesNotExist => Ok(None),
        Err(error) => Err(error),
    }
}

fn compare(columns: Vec<Column>) -> Comparison {
    let texts = |of: fn(&Column) -> Vec<(String, String)>| Line::of(columns.iter().map(|c| Some(of(c))).collect());
    let fields = |side: fn(&Signature) -> &Vec<Field>| {
        let of = |column: &Column| Some(types(column.signature.as_ref().ok()?.as_ref().map_or(&[], |s| side(s))));
        Line::of(columns.iter().map(of).collect())
    };
    let files = columns.iter().map(|column| column.files.as_ref().ok().map(|files| files.found.clone()));
    let mut artifacts = Line::of(files.collect());
    // Beyond the last file that was seen of a version nothing is known of it.
    let truncated = columns.iter().filter_map(|column| column.files.as_ref().ok()).filter(|files| files.is_truncated);
    let ends = truncated.map(|files| files.found.last().map_or("", |(path, _)| path.as_str()));
    let end = ends.min_by(|a, b| a.split('/').cmp(b.split('/'))).map(str::to_owned);
    if let Some(end) = &end {
        artifacts.retain(|line| line.key.split('/').le(end.split('/')));
    }
    Comparison {
        params: texts(params),
        metrics: Line::of(columns.iter().map(|column| Some(metrics(column))).collect()),
        inputs: fields(|signature| &signature.inputs),
        outputs: fields(|signature| &signature.outputs),
        tags: texts(|column| pairs(&column.version.tags)),
        run_tags: texts(|column| column.run.as_ref().map_or_else(Vec::new, |run| pairs(&run.data.tags))),
        logged_model_tags: texts(|column| column.model.as_ref().map_or_else(Vec::new, |model| pairs(&model.tags))),
        artifacts,
        artifacts_truncated: end.is_some(),
        sides: columns.into_iter().map(side).collect(),
    }
}

fn side(column: Column) -> Side {
    let mut problems: Vec<String> =
        [column.signature.err(), column.files.err()].into_iter().flatten().map(|error| error.message).collect();
    problems.dedup();
    Side { version: column.version, run: column.run.map(|run| run.info), problems }
}

fn pairs(pairs: &[KeyValue]) -> Vec<(String, String)> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
}

/// The run's and the logged model's; where both have one, the model's.
fn params(column: &Column) -> Vec<(String, String)> {
    let of_run = column.run.iter().flat_map(|run| pairs(&run.data.params));
    of_run.chain(column.model.iter().flat_map(|model| pairs(&model.params))).collect()
}

/// The run's latest and the logged model's latest; where both have one, the model's: a run that made several models
/// has measured the last of them last.
fn metrics(column: &Column) -> Vec<(String, Number)> {
    let of_run = column.run.iter().flat_map(|run| &run.data.metrics).map(|m| (m.key.clone(), Number(m.value)));
    let mut latest = BTreeMap::new();
    for measured in column.model.iter().flat_map(|model| &model.metrics) {
        let metric = &measured.metric;
        let key = match &measured.dataset_name {
            Some(dataset) => format!("{} ({dataset})", metric.key),
            None => metric.key.clone(),
        };
        let at = (metric.step, metric.timestamp);
        let entry = latest.entry(key).or_insert((at, metric.value));
        if at >= entry.0 {
            *entry = (at, metric.value);
        }
    }
    of_run.chain(latest.into_iter().map(|(key, (_, value))| (key, Number(value)))).collect()
}

/// Fields by name; an unnamed one by its place.
fn types(fields: &[Field]) -> Vec<(String, FieldType)> {
    let field = |(place, field): (usize, &Field)| {
        let name = field.name.clone().unwrap_or_else(|| format!("- ({})", place + 1));
        (name, FieldType { kind: field.kind.clone(), required: field.required })
    };
    fields.iter().enumerate().map(field).collect()
}
