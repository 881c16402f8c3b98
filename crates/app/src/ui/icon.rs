//! Icons, drawn in the text's colour.

use leptos::prelude::*;

/// Which icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IconName {
    /// A half-filled circle.
    Theme,
    /// Two sheets.
    Copy,
    /// A tick.
    Check,
    /// A cross.
    Cross,
    /// A pencil.
    Edit,
    /// A bin.
    Delete,
    /// A plus.
    Plus,
    /// A magnifier.
    Search,
    /// A folder.
    Folder,
    /// A sheet of paper.
    File,
    /// An arrow into a tray.
    Download,
    /// A triangle to the right.
    Right,
    /// A triangle downwards.
    Down,
    /// Connected dots: a registered model.
    Model,
    /// A circle with hands: under way.
    Clock,
    /// A crossed circle: failed.
    Failed,
    /// A ticked circle: finished.
    Finished,
    /// A stop sign: killed.
    Killed,
    /// Three dots.
    More,
    /// A small table.
    Dataset,
    /// An arrow round.
    Refresh,
    /// An arrow back.
    Restore,
    /// Sliders.
    Settings,
    /// A shield.
    Guard,
    /// Two columns.
    Compare,
    /// Arrows outwards: others are told.
    Webhook,
}

impl IconName {
    /// Strokes on a 16 × 16 grid.
    const fn path(self) -> &'static str {
        match self {
            Self::Theme => "M8 2a6 6 0 1 0 0 12V2Zm0 0a6 6 0 0 1 0 12M5 4v8M6.5 3v10",
            Self::Copy => "M6 6h7v8H6ZM10 6V2H3v8h3",
            Self::Check => "m3 8.5 3.5 3.5L13 4.5",
            Self::Cross => "m4 4 8 8m0-8-8 8",
            Self::Edit => "m11 2.5 2.5 2.5L6 12.5l-3.5 1 1-3.5ZM9.5 4l2.5 2.5",
            Self::Delete => "M3 4.5h10M6 4.5V2.5h4v2M4.5 4.5l.5 9h6l.5-9M7 7v4m2-4v4",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Search => "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.5-1.5L14 14",
            Self::Folder => "M2 4h4l1.5 2H14v7H2Z",
            Self::File => "M4 2h5l3 3v9H4ZM9 2v3h3",
            Self::Download => "M8 2v8m-3-3 3 3 3-3M3 13h10",
            Self::Right => "m6 4 4 4-4 4",
            Self::Down => "m4 6 4 4 4-4",
            Self::Model => {
                "M4 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Zm8 1.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM6.5 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM5.4 4.3l5.2.9M4.5 5.4l1.6 5.2m1.5-.2 3.5-3.6"
            }
            Self::Clock => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9.5V8l2.5 1.5",
            Self::Failed => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6 6l4 4m0-4-4 4",
            Self::Finished => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.5 8.2l1.8 1.8 3.4-3.8",
            Self::Killed => "M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5ZM5 8h6",
            Self::More => "M8 3.5v.01M8 8v.01M8 12.5v.01",
            Self::Dataset => "M2.5 3h11v10h-11ZM2.5 6.5h11M2.5 9.8h11M6.5 6.5V13",
            Self::Refresh => "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
            Self::Restore => "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
            Self::Settings => "M2.5 4.5h5m4 0h2M2.5 11.5h2m4 0h5M9.5 2.8v3.4M6.5 9.8v3.4",
            Self::Guard => "M8 2 3 4v4c0 3 2.2 5 5 6 2.8-1 5-3 5-6V4ZM5.8 8l1.6 1.6 2.9-3.2",
            Self::Webhook => "M2.5 8h3m0-4v8M5.5 4h8m0 0-2-1.8m2 1.8-2 1.8M5.5 12h8m0 0-2-1.8m2 1.8-2 1.8",
            Self::Compare => "M2.5 3h4.5v10H2.5ZM9 3h4.5v10H9Z",
        }
    }
}

/// An icon of 16 pixels. It says nothing to a screen reader: the control around it must have a name.
#[component]
pub(crate) fn Icon(name: IconName) -> impl IntoView {
    let width = if name == IconName::More { "2" } else { "1.4" };
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width=width
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d=name.path()></path>
        </svg>
    }
}
