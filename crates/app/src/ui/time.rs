//! Points in time.

use domain::Millis;
use leptos::prelude::*;

use crate::format;

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
    Effect::new(move |_| text.set(format::relative(millis, now())));
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
