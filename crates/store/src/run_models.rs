//! Logged models that runs read and made. Models are named by id; whether there is one is nobody's business here.

use domain::runs::ModelOutput;

use crate::{Conn, Result, bulk};

/// Notes that a run read models; what was noted before stays.
pub async fn attach_inputs(tx: &mut Conn, run_no: i64, mut model_ids: Vec<String>) -> Result<()> {
    model_ids.sort_unstable();
    model_ids.dedup();
    match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "INSERT INTO run_model_inputs (run_no, model_id) SELECT $1, * FROM UNNEST($2) \
                               ON CONFLICT DO NOTHING";
            sqlx::query(SQL).bind(run_no).bind(model_ids).execute(&mut **c).await?;
        }
        Conn::Sqlite(c) => {
            const SQL: &str = "INSERT INTO run_model_inputs (run_no, model_id) SELECT $1, value FROM json_each($2) \
                               WHERE TRUE ON CONFLICT DO NOTHING";
            sqlx::query(SQL).bind(run_no).bind(bulk::to_json(&model_ids)).execute(&mut **c).await?;
        }
    }
    Ok(())
}

/// Notes that a run made models; what was noted before stays.
pub async fn attach_outputs(tx: &mut Conn, run_no: i64, mut outputs: Vec<ModelOutput>) -> Result<()> {
    // Of equal ids the first stays: the sort is stable.
    outputs.sort_by(|a, b| a.model_id.cmp(&b.model_id));
    match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "INSERT INTO run_model_outputs (run_no, model_id, step) \
                               SELECT $1, * FROM UNNEST($2, $3) ON CONFLICT DO NOTHING";
            sqlx::query(SQL)
                .bind(run_no)
                .bind(outputs.iter().map(|o| o.model_id.as_str()).collect::<Vec<_>>())
                .bind(outputs.iter().map(|o| o.step).collect::<Vec<_>>())
                .execute(&mut **c)
                .await?;
        }
        Conn::Sqlite(c) => {
            const HEAD: &str = "INSERT INTO run_model_outputs (run_no, model_id, step)";
            bulk::insert_rows(c, HEAD, 3, "ON CONFLICT DO NOTHING", &outputs, |query, output| {
                query.bind(run_no).bind(output.model_id.as_str()).bind(output.step)
            })
            .await?;
        }
    }
    Ok(())
}
