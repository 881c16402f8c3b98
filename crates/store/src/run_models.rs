//! Logged models that runs read and made. Models are named by id; whether there is one is nobody's business here.

use domain::runs::ModelOutput;

use crate::{Conn, Result, args};

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
            const SQL: &str = "INSERT INTO run_model_inputs (run_no, model_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            c.execute_each(SQL, model_ids.into_iter().map(|id| args![run_no, id]))?;
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
            const SQL: &str = "INSERT INTO run_model_outputs (run_no, model_id, step) VALUES ($1, $2, $3) \
                               ON CONFLICT DO NOTHING";
            c.execute_each(SQL, outputs.into_iter().map(|output| args![run_no, output.model_id, output.step]))?;
        }
    }
    Ok(())
}
