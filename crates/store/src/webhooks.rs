//! Webhooks and the events that they wait for. What waits to be sent to them: [`outbox`](crate::outbox).

use std::collections::HashMap;

use domain::webhooks::{Event, LastDelivery, Status, Webhook};

use crate::registered_models::fetch_for;
use crate::sqlite::row;
use crate::{Conn, Result, args};

row! {
    /// A webhook, as its table has it.
    #[derive(Clone)]
    pub struct WebhookRow {
        /// Its number within the store.
        pub webhook_no: i64,
        /// Its id.
        pub webhook_id: String,
        /// Its name.
        pub name: String,
        /// Plain text.
        pub description: Option<String>,
        /// Where events are sent.
        pub url: String,
        /// What signs deliveries, encrypted.
        pub secret: Option<String>,
        /// Whether it is told of events.
        pub active: bool,
        /// When it was created.
        pub creation_time: i64,
        /// When it was last changed.
        pub last_update_time: i64,
        /// When something was last sent to it.
        pub last_delivery_time: Option<i64>,
        /// The HTTP status of the answer.
        pub last_delivery_status: Option<i64>,
        /// Why it failed.
        pub last_delivery_error: Option<String>,
    }
}

row! {
    struct EventRow {
        webhook_no: i64,
        event: String,
    }
}

/// A webhook by its id.
pub async fn find(conn: &mut Conn, webhook_id: &str) -> Result<Option<WebhookRow>> {
    const SQL: &str = "SELECT * FROM webhooks WHERE webhook_id = $1";
    conn.fetch_optional(SQL, args![webhook_id]).await
}

/// A webhook by its id; until the transaction ends nobody else can lock it.
pub async fn lock(conn: &mut Conn, webhook_id: &str) -> Result<Option<WebhookRow>> {
    const POSTGRES: &str = "SELECT * FROM webhooks WHERE webhook_id = $1 FOR UPDATE";
    const SQLITE: &str = "SELECT * FROM webhooks WHERE webhook_id = $1";
    let sql = match conn {
        Conn::Postgres(_) => POSTGRES,
        Conn::Sqlite(_) => SQLITE,
    };
    conn.fetch_optional(sql, args![webhook_id]).await
}

/// A webhook by its number.
pub async fn by_no(conn: &mut Conn, webhook_no: i64) -> Result<Option<WebhookRow>> {
    const SQL: &str = "SELECT * FROM webhooks WHERE webhook_no = $1";
    conn.fetch_optional(SQL, args![webhook_no]).await
}

/// Some webhooks, the newest first.
pub async fn list(conn: &mut Conn, offset: i64, limit: i64) -> Result<Vec<WebhookRow>> {
    const SQL: &str = "SELECT * FROM webhooks ORDER BY creation_time DESC, webhook_no DESC LIMIT $2 OFFSET $1";
    conn.fetch_all(SQL, args![offset, limit]).await
}

/// The encrypted secrets of all webhooks that have one.
pub async fn secrets(conn: &mut Conn) -> Result<Vec<String>> {
    const SQL: &str = "SELECT secret FROM webhooks WHERE secret IS NOT NULL";
    let rows: Vec<(String,)> = conn.fetch_all(SQL, args![]).await?;
    Ok(rows.into_iter().map(|(secret,)| secret).collect())
}

/// Whole webhooks of rows, in their order.
pub async fn load(conn: &mut Conn, rows: Vec<WebhookRow>) -> Result<Vec<Webhook>> {
    const POSTGRES: &str = "SELECT webhook_no, event FROM webhook_events WHERE webhook_no = ANY($1) ORDER BY event";
    const SQLITE: &str = "SELECT webhook_no, event FROM webhook_events
        WHERE webhook_no IN (SELECT value FROM json_each($1)) ORDER BY event";
    let nos: Vec<i64> = rows.iter().map(|row| row.webhook_no).collect();
    let mut events: HashMap<i64, Vec<Event>> = HashMap::new();
    for row in fetch_for::<EventRow>(conn, POSTGRES, SQLITE, &nos).await? {
        events.entry(row.webhook_no).or_default().extend(Event::parse(&row.event));
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut events = events.remove(&row.webhook_no).unwrap_or_default();
            events.sort_unstable();
            let last_delivery = row.last_delivery_time.map(|time| LastDelivery {
                time,
                status: row.last_delivery_status.and_then(|status| u16::try_from(status).ok()),
                error: row.last_delivery_error,
            });
            Webhook {
                webhook_id: row.webhook_id,
                name: row.name,
                description: row.description,
                url: row.url,
                events,
                status: if row.active { Status::Active } else { Status::Disabled },
                has_secret: row.secret.is_some(),
                creation_timestamp: row.creation_time,
                last_updated_timestamp: row.last_update_time,
                last_delivery,
            }
        })
        .collect())
}

/// Adds a webhook, all but its number and its last delivery; answers its number.
pub async fn insert(conn: &mut Conn, row: &WebhookRow) -> Result<i64> {
    const SQL: &str = "
        INSERT INTO webhooks (webhook_id, name, description, url, secret, active, creation_time, last_update_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING webhook_no";
    let args = args![
        row.webhook_id.as_str(),
        row.name.as_str(),
        row.description.clone(),
        row.url.as_str(),
        row.secret.clone(),
        row.active,
        row.creation_time,
        row.last_update_time
    ];
    let (webhook_no,): (i64,) = conn.fetch_one(SQL, args).await?;
    Ok(webhook_no)
}

/// Writes what can be changed of a webhook.
pub async fn update(conn: &mut Conn, row: &WebhookRow) -> Result<()> {
    const SQL: &str = "
        UPDATE webhooks SET name = $2, description = $3, url = $4, secret = $5, active = $6, last_update_time = $7
        WHERE webhook_no = $1";
    let args = args![
        row.webhook_no,
        row.name.as_str(),
        row.description.clone(),
        row.url.as_str(),
        row.secret.clone(),
        row.active,
        row.last_update_time
    ];
    conn.execute(SQL, args).await.map(drop)
}

/// Says what a webhook waits for, in place of what it waited for.
pub async fn set_events(conn: &mut Conn, webhook_no: i64, events: &[Event]) -> Result<()> {
    const CLEAR: &str = "DELETE FROM webhook_events WHERE webhook_no = $1";
    const ADD: &str = "INSERT INTO webhook_events (webhook_no, event) VALUES ($1, $2)";
    conn.execute(CLEAR, args![webhook_no]).await?;
    for event in events {
        conn.execute(ADD, args![webhook_no, event.to_string()]).await?;
    }
    Ok(())
}

/// Removes a webhook, with what waits to be sent to it; `false` if there is none.
pub async fn delete(conn: &mut Conn, webhook_id: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM webhooks WHERE webhook_id = $1";
    Ok(conn.execute(SQL, args![webhook_id]).await? > 0)
}

/// Notes how the last attempt at a delivery ended, by whoever holds its lease still.
pub async fn note_delivery(
    conn: &mut Conn,
    webhook_no: i64,
    (delivery_no, lease): (i64, i64),
    last: &LastDelivery,
) -> Result<()> {
    const SQL: &str = "
        UPDATE webhooks SET last_delivery_time = $2, last_delivery_status = $3, last_delivery_error = $4
        WHERE webhook_no = $1
            AND EXISTS (SELECT 1 FROM webhook_deliveries WHERE delivery_no = $5 AND lease = $6)";
    let status = last.status.map(i64::from);
    let args = args![webhook_no, last.time, status, last.error.clone(), delivery_no, lease];
    conn.execute(SQL, args).await.map(drop)
}
