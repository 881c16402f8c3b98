//! How far a run is, as people see it.

use domain::runs::RunStatus;
use leptos::prelude::*;

use crate::ui::icon::{Icon, IconName};

/// Icon, class and word of a status.
pub(crate) const fn status_look(status: RunStatus) -> (IconName, &'static str, &'static str) {
    match status {
        RunStatus::Running => (IconName::Clock, "status-running", "Running"),
        RunStatus::Scheduled => (IconName::Clock, "status-scheduled", "Scheduled"),
        RunStatus::Finished => (IconName::Finished, "status-finished", "Finished"),
        RunStatus::Failed => (IconName::Failed, "status-failed", "Failed"),
        RunStatus::Killed => (IconName::Killed, "status-killed", "Killed"),
    }
}

/// A status in words, with its icon.
#[component]
pub(crate) fn StatusChip(status: RunStatus) -> impl IntoView {
    let (icon, class, text) = status_look(status);
    view! { <span class=format!("chip {class}")><Icon name=icon/>{text}</span> }
}

/// A status as an icon with a name.
#[component]
pub(crate) fn StatusIcon(status: RunStatus) -> impl IntoView {
    let (name, class, label) = status_look(status);
    view! { <span class=class role="img" aria-label=label title=label><Icon name/></span> }
}
