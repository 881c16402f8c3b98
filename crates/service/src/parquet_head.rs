//! The first rows of a Parquet file, for the UI: the footer and the first pages of its columns, never the whole file.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use domain::{Error, ErrorCode, Result};
use futures::TryStreamExt;
use parquet::basic::ConvertedType;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::{ArtifactFile, ByteRange, boxed};

/// Bytes that are fetched at once.
const BLOCK: u64 = 1024 * 1024;
/// Most blocks that are fetched for one preview.
const MAX_BLOCKS: usize = 64;
/// Bytes that the first rows of a column take at most: a dictionary, and a page of values.
const COLUMN_ESTIMATE: i64 = 3 * 1024 * 1024;
/// Most bytes, by that estimate, of the columns that are shown.
const COLUMNS_ESTIMATE: i64 = 48 * 1024 * 1024;
/// Files that are read at the same time: what a page unpacks to is only known once it is unpacked.
static READERS: Semaphore = Semaphore::const_new(2);

/// The beginning of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableHead {
    /// Names and types of the columns that are shown, in order.
    pub columns: Vec<(String, String)>,
    /// The first rows; `None` for null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Columns of the whole table.
    pub total_columns: usize,
    /// Rows of the whole table.
    pub total_rows: i64,
}

impl ArtifactFile {
    /// The first rows and columns of a Parquet file; a file that is none, or is broken, is the user's mistake.
    #[boxed]
    pub async fn parquet_head(&self, max_rows: usize, max_columns: usize) -> Result<TableHead> {
        let size = self.stat().await?.size;
        let blocks = Blocks(Arc::new(Inner {
            file: self.clone(),
            size,
            runtime: Handle::current(),
            fetched: Mutex::new(HashMap::new()),
            failed: Mutex::new(None),
        }));
        let inner = blocks.0.clone();
        let permit = READERS.acquire().await.map_err(|_| Error::internal())?;
        let read = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            read(blocks, max_rows, max_columns)
        });
        // The library panics on some things that it does not know: that file has no preview either.
        let read = read.await.unwrap_or_else(|cause| Err(ParquetError::General(cause.to_string())));
        if let Some(error) = inner.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        read.map_err(|cause| {
            tracing::debug!(%cause, "a Parquet file cannot be shown");
            Error::new(ErrorCode::InvalidParameterValue, "The file is not a Parquet file that can be read.")
        })
    }
}

fn read(blocks: Blocks, max_rows: usize, max_columns: usize) -> ParquetResult<TableHead> {
    let reader = SerializedFileReader::new(blocks)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema();
    let fields = schema.get_fields();
    let mut estimates: HashMap<&str, i64> = HashMap::new();
    if let Some(group) = metadata.row_groups().first() {
        for column in group.columns() {
            let top = column.column_path().parts().first().map_or("", String::as_str);
            *estimates.entry(top).or_default() += column.uncompressed_size().clamp(0, COLUMN_ESTIMATE);
        }
    }
    let mut left = COLUMNS_ESTIMATE;
    let affordable = fields.iter().take_while(|field| {
        left -= estimates.get(field.name()).copied().unwrap_or_default();
        left >= 0
    });
    let shown: Vec<_> = affordable.take(max_columns).cloned().collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(shown.clone()).build()?;
    let rows = RowIter::from_file(Some(projection), &reader)?.take(max_rows);
    let rows = rows.map(|row| Ok(row?.into_columns().into_iter().map(|(_, field)| text(field)).collect()));
    let rows = if shown.is_empty() { Vec::new() } else { rows.collect::<ParquetResult<_>>()? };
    Ok(TableHead {
        columns: shown.iter().map(|field| (field.name().to_owned(), kind(field))).collect(),
        rows,
        total_columns: fields.len(),
        total_rows: metadata.file_metadata().num_rows(),
    })
}

/// A column's type in a word or two.
fn kind(field: &Type) -> String {
    let info = field.get_basic_info();
    if let Some(logical) = info.logical_type_ref() {
        let text = format!("{logical:?}");
        return text.split(['(', ' ', '{']).next().unwrap_or_default().to_lowercase();
    }
    match info.converted_type() {
        ConvertedType::NONE => {}
        ConvertedType::UTF8 => return "string".to_owned(),
        other => return other.to_string().to_lowercase(),
    }
    if field.is_group() { "group".to_owned() } else { field.get_physical_type().to_string().to_lowercase() }
}

fn text(field: Field) -> Option<String> {
    match field {
        Field::Null => None,
        Field::Str(text) => Some(text),
        Field::Bytes(bytes) => Some(format!("{} bytes", bytes.len())),
        other => Some(other.to_string()),
    }
}

/// A file of the artifact store as the library reads files: any range of it, at once. What was fetched is kept.
struct Blocks(Arc<Inner>);

struct Inner {
    file: ArtifactFile,
    size: u64,
    runtime: Handle,
    fetched: Mutex<HashMap<u64, Bytes>>,
    /// Why the store did not answer, which is no fault of the file.
    failed: Mutex<Option<Error>>,
}

impl Inner {
    fn block(&self, number: u64) -> ParquetResult<Bytes> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(block) = fetched.get(&number) {
            return Ok(block.clone());
        }
        if fetched.len() >= MAX_BLOCKS {
            return Err(ParquetError::General("its first rows are spread too widely".into()));
        }
        let block = self.runtime.block_on(self.fetch(number * BLOCK)).map_err(|error| {
            let message = error.message.clone();
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            ParquetError::General(message)
        })?;
        fetched.insert(number, block.clone());
        Ok(block)
    }

    async fn fetch(&self, start: u64) -> Result<Bytes> {
        let download = self.file.open(Some(ByteRange::Between(start, start + BLOCK - 1))).await?;
        let body = download.body.try_fold(BytesMut::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        });
        let body = body.await.map_err(|cause| {
            tracing::warn!(%cause, "reading an artifact broke off");
            Error::unavailable("The artifact store is not available at the moment. Please try again.")
        })?;
        Ok(body.freeze())
    }

    /// Bytes from an offset on, to the end of its block at most; none beyond the end of the file.
    fn from(&self, start: u64) -> ParquetResult<Bytes> {
        if start >= self.size {
            return Ok(Bytes::new());
        }
        let block = self.block(start / BLOCK)?;
        let skipped = usize::try_from(start % BLOCK).unwrap_or(usize::MAX).min(block.len());
        Ok(block.slice(skipped..))
    }
}

impl Length for Blocks {
    fn len(&self) -> u64 {
        self.0.size
    }
}

impl ChunkReader for Blocks {
    type T = From;

    fn get_read(&self, start: u64) -> ParquetResult<From> {
        Ok(From { inner: self.0.clone(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let end = start.saturating_add(length as u64);
        if end > self.0.size {
            return Err(ParquetError::EOF("the file ends too early".into()));
        }
        let mut all = BytesMut::new();
        while all.len() < length {
            let part = self.0.from(start + all.len() as u64)?;
            if part.is_empty() {
                return Err(ParquetError::EOF("the file ends too early".into()));
            }
            all.extend_from_slice(&part[..part.len().min(length - all.len())]);
        }
        Ok(all.freeze())
    }
}

/// Reads on from an offset.
struct From {
    inner: Arc<Inner>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let part = self.inner.from(self.at).map_err(io::Error::other)?;
        let count = part.len().min(out.len());
        out[..count].copy_from_slice(&part[..count]);
        self.at += count as u64;
        Ok(count)
    }
}
