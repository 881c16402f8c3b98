//! The memory that all uploads of a process share for what is on its way to S3, so that many at once don't need many times as
//! much as one.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Kibibytes that may be on their way at once.
const TOTAL: u32 = 64 * 1024;
/// Buffers that are kept for the next part while there are uploads: the system would have to clear new ones.
const SPARE: usize = 2;

/// Leave to send bytes, and room to gather them in. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    leave: Arc<Semaphore>,
    spare: Mutex<Vec<BytesMut>>,
}

/// Leave to send so many bytes, until it is dropped.
#[derive(Debug)]
pub(super) struct Leave {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(super) fn new() -> Self {
        let leave = Arc::new(Semaphore::new(TOTAL as usize));
        Self(Arc::new(Shared { leave, spare: Mutex::default() }))
    }

    /// Waits until so many bytes may be sent. More than all there are may be sent alone.
    pub(super) async fn leave(&self, bytes: usize) -> Leave {
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(TOTAL).min(TOTAL);
        // It is never closed.
        let permit = self.0.leave.clone().acquire_many_owned(kibibytes).await.ok();
        Leave { budget: self.clone(), permit }
    }

    /// An empty buffer.
    pub(super) fn room(&self) -> BytesMut {
        self.spare().pop().unwrap_or_default()
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<BytesMut>> {
        self.0.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave {
    /// Ends it, and keeps the room of what was sent. Of more than `usual` bytes there is no room kept.
    pub(super) fn end(self, sent: Bytes, usual: u64) {
        let Ok(mut room) = sent.try_into_mut() else { return };
        room.clear();
        if room.capacity() as u64 <= usual {
            let mut spare = self.budget.spare();
            if spare.len() < SPARE {
                spare.push(room);
            }
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        drop(self.permit.take());
        if self.budget.0.leave.available_permits() == TOTAL as usize {
            // Nobody is sending: an idle server keeps no room.
            self.budget.spare().clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const MIB: usize = 1024 * 1024;

    #[tokio::test]
    async fn no_more_is_on_its_way_than_there_is_room_for() {
        let budget = Budget::new();
        let mut sending = Vec::new();
        while let Some(leave) = budget.leave(8 * MIB).now_or_never() {
            sending.push(leave);
        }
        assert_eq!(sending.len(), 8);
        sending.pop();
        assert!(budget.leave(8 * MIB).now_or_never().is_some(), "what was sent makes room");
        assert!(budget.leave(500 * MIB).now_or_never().is_none());
        sending.clear();
        assert!(budget.leave(500 * MIB).now_or_never().is_some(), "a part larger than all room goes alone");
    }

    #[tokio::test]
    async fn room_is_used_again_and_given_back() {
        let budget = Budget::new();
        let other = budget.leave(1).await;
        let sent = BytesMut::zeroed(MIB);
        let place = sent.as_ptr();
        budget.leave(MIB).await.end(sent.freeze(), MIB as u64);
        assert_eq!(budget.room().as_ptr(), place);
        budget.leave(MIB).await.end(BytesMut::zeroed(MIB).freeze(), MIB as u64);
        drop(other);
        assert_eq!(budget.room().capacity(), 0, "nobody is sending any more");
    }
}
