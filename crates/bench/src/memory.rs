//! Resident memory of a process and all that it has started, as Linux tells it.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a peak is looked for.
const INTERVAL: Duration = Duration::from_millis(10);

/// The sum over a process and its descendants, in MiB; pages that they share count for each.
pub(crate) fn of_tree(root: u32) -> f64 {
    let mut processes: HashMap<u32, (u32, f64)> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(found) = fs::read_to_string(entry.path().join("status")).ok().as_deref().and_then(parse) {
            processes.insert(id, found);
        }
    }
    let belongs = |mut id: u32| {
        while id > 1 && id != root {
            id = processes.get(&id).map_or(0, |(parent, _)| *parent);
        }
        id == root
    };
    processes.iter().filter(|(id, _)| belongs(**id)).map(|(_, (_, memory))| memory).sum()
}

/// Parent and resident MiB; `None` for kernel threads and for what has ended.
fn parse(status: &str) -> Option<(u32, f64)> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()
    };
    let kib: f64 = field("VmRSS:")?.parse().ok()?;
    Some((field("PPid:")?.parse().ok()?, kib / 1024.0))
}

/// Watches the memory of a process and its descendants.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<f64>,
}

impl Watch {
    pub(crate) fn start(root: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut peak = of_tree(root);
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(INTERVAL);
                peak = peak.max(of_tree(root));
            }
            peak
        });
        Self { stop, thread }
    }

    /// Ends; answers with the highest that was seen, in MiB.
    pub(crate) fn peak(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(f64::NAN)
    }
}
