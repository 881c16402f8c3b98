//! Deliveries: taken from the outbox, sent, tried again, given up.
//!
//! Whoever takes a delivery holds it by a lease; one that dies with its server is taken again when the lease has run out.
//! So a receiver gets each event at least once, under the same delivery id each time, unless it is out of reach for a day or
//! refuses the event.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use domain::webhooks::LastDelivery;
use domain::{Error, Millis, Result};
use futures::future::join_all;
use store::outbox::{self as rows, DeliveryRow, WaitingRow};
use store::webhooks::{self, WebhookRow};
use store::{Dialect, StoreError};
use tokio::task::{Id, JoinSet};

use super::send::{self, Message};
use super::target::{self, Refusal};
use crate::errors::{Fault, from_store};
use crate::{Service, boxed};

/// How long a delivery may wait in all; then it is dropped, so that the outbox can't grow without end.
const MAX_AGE: Millis = 24 * 60 * 60 * 1_000;
/// How often old deliveries are dropped.
const PURGE_INTERVAL: Millis = 10 * 60 * 1_000;
/// How many deliveries to one webhook are under way at a time: a slow receiver must not hold up the others. See [`Room`].
const PER_WEBHOOK: usize = 4;
/// By how much a lease outlives the longest attempt: for the database, and for clocks that differ.
const LEASE_MARGIN: Millis = 15_000;
/// How often to look for what other servers left behind.
const POLL: Duration = Duration::from_secs(2);
/// How long to wait when the database fails.
const POLL_AFTER_FAULT: Duration = Duration::from_secs(10);
/// From being woken to looking: the transaction that woke us is about to end, and others may follow.
const LINGER: Duration = Duration::from_millis(30);
/// How often, and how soon, to look again after being woken: the transaction may take longer.
const LOOKS: u32 = 3;
const LOOK_AGAIN: Duration = Duration::from_millis(150);
/// How long deliveries that are under way may take when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The first pause between attempts; it doubles each time, for as many retries as are configured.
const BACK_OFF: Millis = 1_000;
/// The longest, and the one between all attempts after those.
const MAX_BACK_OFF: Millis = 60_000;
/// The longest pause that a receiver can ask for.
const MAX_RETRY_AFTER: Millis = 60 * 60 * 1_000;

/// A delivery that is ours for the time being.
#[derive(Clone)]
struct Claim {
    row: DeliveryRow,
    lease: i64,
    slot: Slot,
}

/// What a delivery that is under way takes of the workers.
#[derive(Clone, Copy)]
struct Slot {
    webhook_no: i64,
    /// Whether the last attempt at its webhook had failed.
    is_failing: bool,
}

/// How many deliveries may begin beside those that are under way.
///
/// Webhooks that fail get one worker each, and half of the workers in all, so that silent receivers hold up each other
/// but nobody else. Of the free workers no webhook gets more than half: several whose receivers fall silent together leave
/// some to the others until that is known.
struct Room {
    free: usize,
    for_failing: usize,
}

impl Room {
    fn beside(under_way: &[Slot], max_workers: usize) -> Self {
        let failing = under_way.iter().filter(|slot| slot.is_failing).count();
        Self {
            free: max_workers.saturating_sub(under_way.len()),
            for_failing: max_workers.div_ceil(2).saturating_sub(failing),
        }
    }

    /// How many a webhook may begin.
    fn share(&self, is_failing: bool) -> usize {
        if is_failing { 1.min(self.for_failing).min(self.free) } else { PER_WEBHOOK.min(self.free.div_ceil(2)) }
    }

    /// So many have begun.
    fn take(&mut self, is_failing: bool, count: usize) {
        self.free = self.free.saturating_sub(count);
        if is_failing {
            self.for_failing = self.for_failing.saturating_sub(count);
        }
    }
}

/// How an attempt ended.
enum Outcome {
    /// The receiver has it.
    Delivered(u16),
    /// It has not.
    Failed { status: Option<u16>, why: String, again: Again },
}

/// Whether to try again.
enum Again {
    /// No use.
    Never,
    /// After a pause, until it is too old; and not before so many seconds, if the receiver says so.
    AfterPause(Option<i64>),
    /// As long as it takes: nothing was sent, and the fault is ours.
    Always,
}

impl Service {
    /// Delivers what waits in the outbox, until `stop`; then what is under way gets a few seconds to end.
    pub async fn deliver_webhooks(&self, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        self.take_over().await;
        let mut under_way = JoinSet::new();
        let mut claims: HashMap<Id, Claim> = HashMap::new();
        // What waited while no server ran is tried before it is too old.
        let (mut purged_at, mut looks) = (self.now(), 0_u32);
        loop {
            if self.now() - purged_at >= PURGE_INTERVAL {
                purged_at = self.now();
                // What fails has been logged, and is tried again later.
                drop(self.drop_old().await);
            }
            let busy: Vec<Slot> = claims.values().map(|claim| claim.slot).collect();
            let pause = match self.claim_due(&busy).await {
                Ok((claimed, next)) => {
                    for claim in claimed {
                        let (service, ours) = (self.clone(), claim.clone());
                        let task = under_way.spawn(async move { service.deliver(ours).await });
                        claims.insert(task.id(), claim);
                    }
                    let until = next.map_or(Millis::MAX, |due| due - self.now());
                    u64::try_from(until).map_or(POLL, |until| POLL.min(Duration::from_millis(until)))
                }
                Err(_) => POLL_AFTER_FAULT,
            };
            let pause = if looks > 0 { pause.min(LOOK_AGAIN) } else { pause };
            looks = looks.saturating_sub(1);
            tokio::select! {
                () = &mut stop => break,
                Some(done) = under_way.join_next_with_id() => { claims.remove(&task_id(&done)); }
                () = self.inner.webhooks.wake.notified() => {
                    looks = LOOKS;
                    tokio::time::sleep(LINGER).await;
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
        let drain = async {
            while let Some(done) = under_way.join_next_with_id().await {
                claims.remove(&task_id(&done));
            }
        };
        if tokio::time::timeout(DRAIN_TIMEOUT, drain).await.is_err() {
            under_way.shutdown().await;
        }
        for claim in claims.into_values() {
            // The next server takes it at once rather than when the lease runs out.
            let (attempts, now) = (claim.row.attempts, self.now());
            drop(self.put_back(&claim, attempts, now, None).await);
        }
    }

    /// Delivers what is due at the moment and waits for it; answers how much that was. The worker's one round, for tests.
    #[boxed]
    pub async fn deliver_due_webhooks(&self) -> Result<usize> {
        let (claimed, _) = self.claim_due(&[]).await?;
        let count = claimed.len();
        join_all(claimed.into_iter().map(|claim| self.deliver(claim))).await;
        self.drop_old().await?;
        Ok(count)
    }

    /// What is to be done at the start: SQLite has one server, so that what is under way can only be left from the last.
    async fn take_over(&self) {
        let store = &self.inner.store;
        if store.dialect() == Dialect::Sqlite {
            let now = self.now();
            let release =
                store.write::<_, StoreError, _>(move |tx| Box::pin(async move { rows::release_all(tx, now).await }));
            if let Err(error) = release.await {
                from_store(error);
            }
        }
        let sealed = async { webhooks::secrets(&mut store.read().await?).await };
        match sealed.await {
            Ok(sealed) => self.inner.webhooks.keyring.complain_about(&sealed),
            Err(error) => drop(from_store(error)),
        }
    }

    async fn drop_old(&self) -> Result<()> {
        let before = self.now() - MAX_AGE;
        let purge = self
            .inner
            .store
            .write::<_, Fault, _>(move |tx| Box::pin(async move { Ok(rows::purge(tx, before).await?) }));
        let dropped = purge.await?;
        if dropped > 0 {
            tracing::warn!(dropped, "webhook deliveries waited for more than a day and were dropped");
        }
        Ok(())
    }

    /// Takes what is due, for all webhooks but the busy ones; and says when the next one is due.
    async fn claim_due(&self, busy: &[Slot]) -> Result<(Vec<Claim>, Option<Millis>)> {
        Ok(self.try_claim(busy).await?)
    }

    async fn try_claim(&self, busy: &[Slot]) -> Result<(Vec<Claim>, Option<Millis>), Fault> {
        let config = &self.inner.webhooks.config;
        let now = self.now();
        let mut waiting = rows::waiting(&mut self.inner.store.read().await?).await?;
        waiting.retain(|row| row.due_at.is_some() && busy.iter().all(|slot| slot.webhook_no != row.webhook_no));
        let (mut due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|row| row.due_at <= Some(now));
        let next = later.iter().filter_map(|row| row.due_at).min();
        let mut room = Room::beside(busy, config.max_workers);
        if due.is_empty() || room.free == 0 {
            return Ok((Vec::new(), next));
        }
        // Those that fail have workers of their own, and take turns: what waits longest there would keep others waiting.
        due.sort_unstable_by_key(|row| (!row.is_failing, if row.is_failing { row.tried_at } else { row.due_at }));
        let lease = i64::from_le_bytes(first_half(self.inner.entropy.next()));
        let until = now + i64::try_from(config.timeout.as_millis()).unwrap_or(MAX_AGE) + LEASE_MARGIN;
        let claim = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let mut claimed = Vec::new();
                for WaitingRow { webhook_no, is_failing, .. } in due {
                    let share = room.share(is_failing);
                    if share == 0 {
                        continue;
                    }
                    let limit = i64::try_from(share).unwrap_or(i64::MAX);
                    let got = rows::claim(tx, webhook_no, now, until, lease, limit).await?;
                    room.take(is_failing, got.len());
                    let slot = Slot { webhook_no, is_failing };
                    claimed.extend(got.into_iter().map(|row| Claim { row, lease, slot }));
                }
                Ok(claimed)
            })
        });
        Ok((claim.await?, next))
    }

    /// Makes one attempt, and notes how it ended.
    async fn deliver(&self, claim: Claim) {
        let webhook = async { webhooks::by_no(&mut self.inner.store.look_up().await?, claim.row.webhook_no).await };
        let webhook = match webhook.await {
            Ok(Some(webhook)) => webhook,
            // Its deliveries have gone with it.
            Ok(None) => return,
            // It stays ours until the lease runs out.
            Err(error) => return drop(from_store(error)),
        };
        let outcome = self.attempt(&webhook, &claim.row).await;
        // What fails has been logged; the delivery is made again when the lease has run out.
        drop(self.settle(&claim, &webhook.name, outcome).await);
    }

    async fn attempt(&self, webhook: &WebhookRow, delivery: &DeliveryRow) -> Outcome {
        let secret = match self.open_secret(webhook) {
            Ok(secret) => secret,
            Err(error) => return failed(error, Again::Always),
        };
        let webhooks = &self.inner.webhooks;
        let target = match target::find(&webhook.url, &webhooks.config).await {
            Ok(target) => target,
            Err(Refusal::Forbidden(error)) => return failed(error, Again::Never),
            Err(Refusal::Unknown(error)) => return failed(error, Again::AfterPause(None)),
        };
        let message = Message {
            delivery_id: &delivery.delivery_id,
            body: &delivery.body,
            secret: secret.as_deref(),
            now: self.now(),
        };
        match send::post(webhooks, &target, &message).await {
            Ok(answer) if answer.is_success() => Outcome::Delivered(answer.status),
            Ok(answer) => {
                let again = match answer.status {
                    429 | 500..600 => Again::AfterPause(answer.retry_after),
                    _ => Again::Never,
                };
                let why = match answer.status {
                    300..400 => "the receiver redirects, and redirects are not followed".to_owned(),
                    status => format!("the receiver answered {status}"),
                };
                Outcome::Failed { status: Some(answer.status), why, again }
            }
            Err(why) => Outcome::Failed { status: None, why, again: Again::AfterPause(None) },
        }
    }

    async fn settle(&self, claim: &Claim, webhook: &str, outcome: Outcome) -> Result<()> {
        let now = self.now();
        let attempts = claim.row.attempts + 1;
        let (status, why, again) = match outcome {
            Outcome::Delivered(status) => {
                let last = LastDelivery { time: now, status: Some(status), error: None };
                return self.take_out(claim, Some(last)).await;
            }
            Outcome::Failed { status, why, again } => (status, why, again),
        };
        let due_at = match again {
            Again::AfterPause(wanted) => Some((attempts, now + self.pause(attempts, wanted))),
            Again::Always => Some((claim.row.attempts, now + MAX_BACK_OFF)),
            Again::Never => None,
        };
        let (delivery, given_up) = (&claim.row.delivery_id, due_at.is_none());
        tracing::warn!(webhook, delivery, attempts, given_up, why, "a webhook delivery failed");
        let last = LastDelivery { time: now, status, error: Some(why) };
        match due_at {
            Some((attempts, due_at)) => self.put_back(claim, attempts, due_at, Some(last)).await,
            None => self.take_out(claim, Some(last)).await,
        }
    }

    /// How long to wait after so many failed attempts: longer each time, then as long as can be; and not the same for all.
    fn pause(&self, attempts: i64, wanted: Option<i64>) -> Millis {
        let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
        let jitter = i64::from(first_half(self.inner.entropy.next())[0]) * BACK_OFF / 256;
        let is_quick = attempts <= self.inner.webhooks.config.max_retries;
        let pause = if is_quick { (BACK_OFF << doublings).min(MAX_BACK_OFF) } else { MAX_BACK_OFF } + jitter;
        pause.max(wanted.unwrap_or(0).saturating_mul(1_000).min(MAX_RETRY_AFTER))
    }

    async fn take_out(&self, claim: &Claim, last: Option<LastDelivery>) -> Result<()> {
        let Claim { row, lease, .. } = claim.clone();
        let done = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                note(tx, &row, lease, last).await?;
                rows::finish(tx, row.delivery_no, lease).await?;
                Ok(())
            })
        });
        Ok(done.await?)
    }

    async fn put_back(&self, claim: &Claim, attempts: i64, due_at: Millis, last: Option<LastDelivery>) -> Result<()> {
        let Claim { row, lease, .. } = claim.clone();
        let done = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                note(tx, &row, lease, last).await?;
                rows::postpone(tx, row.delivery_no, lease, attempts, due_at).await?;
                Ok(())
            })
        });
        Ok(done.await?)
    }
}

/// Notes an attempt at the webhook, before the delivery is touched: deleting a webhook locks the two in this order.
async fn note(
    tx: &mut store::Conn,
    row: &DeliveryRow,
    lease: i64,
    last: Option<LastDelivery>,
) -> Result<(), StoreError> {
    if let Some(last) = last {
        webhooks::note_delivery(tx, row.webhook_no, (row.delivery_no, lease), &last).await?;
    }
    Ok(())
}

fn failed(error: Error, again: Again) -> Outcome {
    Outcome::Failed { status: None, why: error.message, again }
}

/// Which task ended, well or not.
fn task_id(done: &Result<(Id, ()), tokio::task::JoinError>) -> Id {
    match done {
        Ok((id, ())) => *id,
        Err(error) => error.id(),
    }
}

fn first_half(chance: u128) -> [u8; 8] {
    let mut half = [0; 8];
    half.copy_from_slice(&chance.to_le_bytes()[..8]);
    half
}
