//! The first rows of Parquet files: bounded, whatever is in the file.

use std::sync::Arc;

use domain::ErrorCode;
use futures::{StreamExt, stream};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use service::{NewRun, TableHead, Upload};
use testing::{Backend, TestService};

/// A table of ids and, for every other row, a name.
fn table(rows: i64, compression: Compression) -> Vec<u8> {
    let schema = "message table { required int64 id; optional binary name (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let ids: Vec<i64> = (0..rows).collect();
    column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let names: Vec<ByteArray> = (0..rows).step_by(2).map(|id| format!("name {id}").as_str().into()).collect();
    let levels: Vec<i16> = (0..rows).map(|id| i16::from(id % 2 == 0)).collect();
    column.typed::<ByteArrayType>().write_batch(&names, Some(&levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

async fn head(t: &TestService, bytes: Vec<u8>) -> Result<TableHead, domain::Error> {
    let run = t.service.create_run(NewRun::default()).await.unwrap().info.run_id;
    let size = Some(bytes.len() as u64);
    let body = stream::iter([Ok(bytes.into())]).boxed();
    t.service.upload_run_artifact(&run, "t.parquet", Upload { body, size }).await.unwrap();
    t.service.run_file(&run, "t.parquet").await.unwrap().parquet_head(3, 10).await
}

#[tokio::test]
async fn the_first_rows_are_read() {
    let t = TestService::new(Backend::Sqlite).await;
    for compression in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default()), Compression::LZ4_RAW]
    {
        let head = head(&t, table(50_000, compression)).await.unwrap();
        assert_eq!(head.columns, [("id".into(), "int64".into()), ("name".into(), "string".into())]);
        let row = |id: &str, name: Option<&str>| vec![Some(id.to_owned()), name.map(str::to_owned)];
        assert_eq!(head.rows, [row("0", Some("name 0")), row("1", None), row("2", Some("name 2"))]);
        assert_eq!((head.total_rows, head.total_columns), (50_000, 2));
    }
}

#[tokio::test]
async fn broken_files_are_the_users_mistake() {
    let t = TestService::new(Backend::Sqlite).await;
    let whole = table(1000, Compression::SNAPPY);
    let mut broken: Vec<Vec<u8>> =
        vec![b"PAR1".to_vec(), b"no table at all".to_vec(), whole[..whole.len() / 2].to_vec()];
    // A footer that claims to be larger than the file, and pages of nonsense.
    broken.push([&whole[..whole.len() - 8], &[0xff, 0xff, 0xff, 0x7f], b"PAR1"].concat());
    broken.push([b"PAR1".as_slice(), &vec![0xa5; 600], &whole[604..]].concat());
    for bytes in broken {
        let refused = head(&t, bytes).await.expect_err("a refusal");
        assert_eq!(refused.code, ErrorCode::InvalidParameterValue, "{}", refused.message);
    }
}
