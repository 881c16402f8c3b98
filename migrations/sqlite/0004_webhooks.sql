-- Webhooks, the events that they wait for, and the outbox. A delivery is put into the outbox in the transaction of the
-- change that it tells of, and leaves it when it has been answered, given up, or its webhook is deleted.

CREATE TABLE webhooks (
    webhook_no           INTEGER PRIMARY KEY,
    webhook_id           TEXT    NOT NULL UNIQUE,
    name                 TEXT    NOT NULL,
    description          TEXT,
    url                  TEXT    NOT NULL,
    -- Encrypted with the server's key. NULL: deliveries are not signed.
    secret               TEXT,
    active               BOOLEAN NOT NULL,
    creation_time        INTEGER NOT NULL,
    last_update_time     INTEGER NOT NULL,
    -- How the last attempt at a delivery ended: the receiver's status, or why there is none.
    last_delivery_time   INTEGER,
    last_delivery_status INTEGER,
    last_delivery_error  TEXT
);
CREATE INDEX webhooks_by_creation ON webhooks (creation_time, webhook_no);

CREATE TABLE webhook_events (
    webhook_no INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    -- Such as model_version.created.
    event      TEXT    NOT NULL,
    PRIMARY KEY (webhook_no, event)
) WITHOUT ROWID;
CREATE INDEX webhook_events_by_event ON webhook_events (event, webhook_no);

CREATE TABLE webhook_deliveries (
    delivery_no INTEGER PRIMARY KEY,
    webhook_no  INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    delivery_id TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    -- Attempts that failed.
    attempts    INTEGER NOT NULL DEFAULT 0,
    -- When it is sent next; while somebody sends it, when others may take it for abandoned.
    due_at      INTEGER NOT NULL,
    -- Who sends it right now.
    lease       INTEGER
);
CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (webhook_no, due_at, delivery_no);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);
CREATE INDEX webhook_deliveries_by_lease ON webhook_deliveries (lease) WHERE lease IS NOT NULL;
