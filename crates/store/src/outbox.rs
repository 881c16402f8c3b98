//! The outbox: what waits to be sent to webhooks, and who is sending it.
//!
//! A delivery that is being sent has a lease, and its `due_at` is when the lease runs out. From then on whoever finds it
//! may send it: the one who held it has died.

use crate::sqlite::row;
use crate::{Conn, Result, args};

row! {
    /// A webhook that waits for an event.
    #[derive(Clone, Debug)]
    pub struct ListenerRow {
        /// The webhook's number within the store.
        pub webhook_no: i64,
        /// The event, such as `model_version.created`.
        pub event: String,
    }
}

row! {
    /// A webhook to which something is to be sent, now or later.
    #[derive(Clone, Copy, Debug)]
    pub struct WaitingRow {
        /// The webhook's number within the store.
        pub webhook_no: i64,
        /// When the first of its deliveries is due.
        pub due_at: Option<i64>,
        /// When it was last tried.
        pub tried_at: Option<i64>,
        /// Whether that attempt failed.
        pub is_failing: bool,
    }
}

row! {
    /// Something to be sent.
    #[derive(Clone, Debug)]
    pub struct DeliveryRow {
        /// Its number within the store; they are sent in this order.
        pub delivery_no: i64,
        /// The webhook's number within the store.
        pub webhook_no: i64,
        /// A UUID, the same for each attempt.
        pub delivery_id: String,
        /// The body, as JSON.
        pub body: String,
        /// When it was put in.
        pub created_at: i64,
        /// Attempts that failed.
        pub attempts: i64,
    }
}

/// The active webhooks that wait for either of two events.
pub async fn listeners(conn: &mut Conn, events: [&str; 2]) -> Result<Vec<ListenerRow>> {
    const SQL: &str = "
        SELECT e.webhook_no, e.event FROM webhook_events e JOIN webhooks w ON w.webhook_no = e.webhook_no
        WHERE e.event IN ($1, $2) AND w.active ORDER BY e.webhook_no";
    conn.fetch_all(SQL, args![events[0], events[1]]).await
}

/// Puts something in, due at once; nothing for a webhook that was deleted meanwhile.
pub async fn add(conn: &mut Conn, webhook_no: i64, delivery_id: &str, body: &str, now: i64) -> Result<()> {
    const POSTGRES: &str = "
        INSERT INTO webhook_deliveries (webhook_no, delivery_id, body, created_at, due_at)
        SELECT webhook_no, $2::text, $3::text, $4::bigint, $4::bigint FROM webhooks WHERE webhook_no = $1 FOR KEY SHARE";
    const SQLITE: &str = "
        INSERT INTO webhook_deliveries (webhook_no, delivery_id, body, created_at, due_at) VALUES ($1, $2, $3, $4, $4)";
    conn.execute(conn.pick(POSTGRES, SQLITE), args![webhook_no, delivery_id, body, now]).await.map(drop)
}

/// Every active webhook, with the time at which the first of its deliveries is due and how it did last: one probe of the index for each.
pub async fn waiting(conn: &mut Conn) -> Result<Vec<WaitingRow>> {
    const SQL: &str = "
        SELECT w.webhook_no, (SELECT min(d.due_at) FROM webhook_deliveries d WHERE d.webhook_no = w.webhook_no) AS due_at,
            w.last_delivery_time AS tried_at, w.last_delivery_error IS NOT NULL AS is_failing
        FROM webhooks w WHERE w.active";
    conn.fetch_all(SQL, args![]).await
}

/// Takes some of what is due at a webhook, to be sent until `until` by whoever names `lease`; nobody else gets it.
pub async fn claim(
    conn: &mut Conn,
    webhook_no: i64,
    now: i64,
    until: i64,
    lease: i64,
    limit: i64,
) -> Result<Vec<DeliveryRow>> {
    // An array, since the planner may run a subquery of `IN` again for each row, and its limit with it.
    const POSTGRES: &str = "
        UPDATE webhook_deliveries SET due_at = $3, lease = $4 WHERE delivery_no = ANY(ARRAY(
            SELECT delivery_no FROM webhook_deliveries WHERE webhook_no = $1 AND due_at <= $2
            ORDER BY due_at, delivery_no LIMIT $5 FOR UPDATE SKIP LOCKED))
        RETURNING delivery_no, webhook_no, delivery_id, body, created_at, attempts";
    const SQLITE: &str = "
        UPDATE webhook_deliveries SET due_at = $3, lease = $4 WHERE delivery_no IN (
            SELECT delivery_no FROM webhook_deliveries WHERE webhook_no = $1 AND due_at <= $2
            ORDER BY due_at, delivery_no LIMIT $5)
        RETURNING delivery_no, webhook_no, delivery_id, body, created_at, attempts";
    let mut claimed: Vec<DeliveryRow> =
        conn.fetch_all(conn.pick(POSTGRES, SQLITE), args![webhook_no, now, until, lease, limit]).await?;
    claimed.sort_unstable_by_key(|row| row.delivery_no);
    Ok(claimed)
}

/// Takes out what was sent or given up; `false` if the lease had run out and somebody else has it.
pub async fn finish(conn: &mut Conn, delivery_no: i64, lease: i64) -> Result<bool> {
    const SQL: &str = "DELETE FROM webhook_deliveries WHERE delivery_no = $1 AND lease = $2";
    Ok(conn.execute(SQL, args![delivery_no, lease]).await? > 0)
}

/// Puts back what is to be sent later; `false` if the lease had run out and somebody else has it.
pub async fn postpone(conn: &mut Conn, delivery_no: i64, lease: i64, attempts: i64, due_at: i64) -> Result<bool> {
    const SQL: &str = "
        UPDATE webhook_deliveries SET attempts = $3, due_at = $4, lease = NULL WHERE delivery_no = $1 AND lease = $2";
    Ok(conn.execute(SQL, args![delivery_no, lease, attempts, due_at]).await? > 0)
}

/// Puts back everything that somebody is sending: those who were are gone, and nobody else is there. Answers how much.
pub async fn release_all(conn: &mut Conn, now: i64) -> Result<u64> {
    const SQL: &str = "UPDATE webhook_deliveries SET due_at = $1, lease = NULL WHERE lease IS NOT NULL";
    conn.execute(SQL, args![now]).await
}

/// Takes out what was put in before a time; answers how much.
pub async fn purge(conn: &mut Conn, before: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM webhook_deliveries WHERE created_at < $1";
    conn.execute(SQL, args![before]).await
}
