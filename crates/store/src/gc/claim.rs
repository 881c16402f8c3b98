//! The point of no return.
#![expect(clippy::implicit_hasher, reason = "one caller, which makes the sets")]

use std::collections::HashSet;

use domain::Millis;

use crate::gc::Guarding;
use crate::gc::due::guarding_since;
use crate::{Conn, Result, args, bulk};

/// What came of a claim.
#[derive(Clone, Debug)]
pub enum Claim {
    /// These are now being removed; the others are not deleted any more.
    Claimed(HashSet<i64>),
    /// Nothing was claimed: there are versions that the caller has not looked at.
    Unseen(Vec<Guarding>),
}

/// Looks for versions that the caller has not seen; what it saw is everything that was there before `since`, and these.
async fn unseen(tx: &mut Conn, since: Millis, seen: &HashSet<(i64, i64)>) -> Result<Vec<Guarding>> {
    let mut rows = guarding_since(tx, since).await?;
    rows.retain(|row| !seen.contains(&(row.registered_no, row.version)));
    Ok(rows)
}

/// Marks those of these runs as being removed that were deleted at `until` or before.
pub async fn claim_runs(
    tx: &mut Conn,
    numbers: Vec<i64>,
    until: Millis,
    since: Millis,
    seen: &HashSet<(i64, i64)>,
) -> Result<Claim> {
    // The locks first: who makes a version of a run holds on to it until the version is there ([`hold`]).
    let rows = bulk::fetch_set(
        tx,
        "SELECT run_no, deleted_at FROM runs WHERE run_no = ANY($1) ORDER BY run_no FOR UPDATE",
        "SELECT run_no, deleted_at FROM runs WHERE run_no IN (SELECT value FROM json_each($1))",
        numbers,
    );
    let rows = rows.await?;
    let new = unseen(tx, since, seen).await?;
    if !new.is_empty() {
        return Ok(Claim::Unseen(new));
    }
    let claimed = still_deleted(rows, until);
    bulk::execute_set(
        tx,
        "UPDATE runs SET removing = TRUE WHERE run_no = ANY($1)",
        "UPDATE runs SET removing = TRUE WHERE run_no IN (SELECT value FROM json_each($1))",
        claimed.iter().copied().collect(),
    )
    .await?;
    Ok(Claim::Claimed(claimed))
}

/// As [`claim_runs`], of logged models.
pub async fn claim_logged_models(
    tx: &mut Conn,
    numbers: Vec<i64>,
    until: Millis,
    since: Millis,
    seen: &HashSet<(i64, i64)>,
) -> Result<Claim> {
    let rows = bulk::fetch_set(
        tx,
        "SELECT model_no, deleted_at FROM logged_models WHERE model_no = ANY($1) ORDER BY model_no FOR UPDATE",
        "SELECT model_no, deleted_at FROM logged_models WHERE model_no IN (SELECT value FROM json_each($1))",
        numbers,
    );
    let rows = rows.await?;
    let new = unseen(tx, since, seen).await?;
    if !new.is_empty() {
        return Ok(Claim::Unseen(new));
    }
    let claimed = still_deleted(rows, until);
    bulk::execute_set(
        tx,
        "UPDATE logged_models SET removing = TRUE WHERE model_no = ANY($1)",
        "UPDATE logged_models SET removing = TRUE WHERE model_no IN (SELECT value FROM json_each($1))",
        claimed.iter().copied().collect(),
    )
    .await?;
    Ok(Claim::Claimed(claimed))
}

fn still_deleted(rows: Vec<(i64, Option<i64>)>, until: Millis) -> HashSet<i64> {
    let deleted = rows.into_iter().filter(|(_, deleted_at)| deleted_at.is_some_and(|time| time <= until));
    deleted.map(|(no, _)| no).collect()
}

/// Marks an experiment as being removed, with its runs and logged models, if it was deleted at `until` or before and
/// holds no run in use. The caller must roll [`Claim::Unseen`] back.
pub async fn claim_experiment(
    tx: &mut Conn,
    experiment_id: i64,
    until: Millis,
    since: Millis,
    seen: &HashSet<(i64, i64)>,
) -> Result<Claim> {
    const IN_USE: &str = "SELECT run_no FROM runs WHERE experiment_id = $1 AND deleted_at IS NULL LIMIT 1";
    let lock = tx.pick(
        "SELECT experiment_id, deleted_at FROM experiments WHERE experiment_id = $1 FOR UPDATE",
        "SELECT experiment_id, deleted_at FROM experiments WHERE experiment_id = $1",
    );
    let row: Option<(i64, Option<i64>)> = tx.fetch_optional(lock, args![experiment_id]).await?;
    let claimed = still_deleted(row.into_iter().collect(), until);
    if claimed.is_empty() || tx.fetch_optional::<(i64,)>(IN_USE, args![experiment_id]).await?.is_some() {
        return Ok(Claim::Claimed(HashSet::new()));
    }
    for sql in [
        "UPDATE experiments SET removing = TRUE WHERE experiment_id = $1",
        "UPDATE runs SET removing = TRUE WHERE experiment_id = $1",
        "UPDATE logged_models SET removing = TRUE WHERE experiment_id = $1",
    ] {
        tx.execute(sql, args![experiment_id]).await?;
    }
    // A run that was restored while we waited for it: the caller rolls back and looks again.
    if tx.fetch_optional::<(i64,)>(IN_USE, args![experiment_id]).await?.is_some() {
        return Ok(Claim::Unseen(Vec::new()));
    }
    let new = unseen(tx, since, seen).await?;
    Ok(if new.is_empty() { Claim::Claimed(claimed) } else { Claim::Unseen(new) })
}

/// Has a run and a logged model wait with being removed until the transaction ends; `false` if one of them is being
/// removed already, or whatever keeps its files around `location`.
pub async fn hold(tx: &mut Conn, run_id: &str, model_no: Option<i64>, location: &str) -> Result<bool> {
    const AROUND: [&str; 2] = [
        "SELECT run_no FROM runs WHERE removing
            AND substr($1 || '/', 1, length(artifact_uri) + 1) = artifact_uri || '/' LIMIT 1",
        "SELECT model_no FROM logged_models WHERE removing
            AND substr($1 || '/', 1, length(artifact_uri) + 1) = artifact_uri || '/' LIMIT 1",
    ];
    for sql in AROUND {
        if tx.fetch_optional::<(i64,)>(sql, args![location]).await?.is_some() {
            return Ok(false);
        }
    }
    let run =
        tx.pick("SELECT removing FROM runs WHERE run_id = $1 FOR SHARE", "SELECT removing FROM runs WHERE run_id = $1");
    let model = tx.pick(
        // As strongly as the version's list of the model will need it: two that share a row first and then both want
        // it for themselves would wait for each other.
        "SELECT removing FROM logged_models WHERE model_no = $1 FOR UPDATE",
        "SELECT removing FROM logged_models WHERE model_no = $1",
    );
    let mut removing: Option<(bool,)> = tx.fetch_optional(run, args![run_id]).await?;
    if let Some(model_no) = model_no
        && removing != Some((true,))
    {
        // A model that is gone altogether was removed between the look at it and this transaction.
        removing = Some(tx.fetch_optional(model, args![model_no]).await?.unwrap_or((true,)));
    }
    Ok(removing != Some((true,)))
}
