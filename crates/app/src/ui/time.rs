//! Points in time.

use std::time::Duration;

use domain::Millis;
use leptos::prelude::*;

use crate::format;

/// How often relative times are told anew.
const MINUTE: Duration = Duration::from_mins(1);

/// Counts minutes in the browser, so that `just now` does not stay for ever.
#[derive(Clone, Copy)]
struct Minute(RwSignal<u32>);

/// Starts the count; the app does, once.
pub(crate) fn provide_minutes() {
    let minute = RwSignal::new(0);
    provide_context(Minute(minute));
    Effect::new(move |_| set_interval(move || minute.update(|minute| *minute += 1), MINUTE));
}

/// A point in time: absolute (UTC) in the first render, relative once the browser has taken over; the other one is in
/// the tooltip.
#[component]
pub(crate) fn Time(
    millis: Millis,
    /// Without seconds and time zone, where there is little room.
    #[prop(optional)]
    short: bool,
) -> impl IntoView {
    let absolute = format!("{} UTC", format::timestamp(millis));
    let minutes = absolute.rfind(':').filter(|_| short).unwrap_or(absolute.len());
    let text = RwSignal::new(absolute[..minutes].to_owned());
    let minute = use_context::<Minute>();
    Effect::new(move |_| {
        minute.map(|minute| minute.0.get());
        text.set(format::relative(millis, now()));
    });
    let machine = format!("{}Z", format::timestamp(millis).replace(' ', "T"));
    view! { <time datetime=machine title=absolute>{text}</time> }
}

/// The browser's clock.
fn now() -> Millis {
    #[cfg(feature = "hydrate")]
    {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this millennium")]
        let now = js_sys::Date::now() as Millis;
        now
    }
    #[cfg(not(feature = "hydrate"))]
    0
}
