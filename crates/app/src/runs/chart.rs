//! A metric's history as a line, drawn as SVG on the server and in the browser alike.

use domain::metrics::Metric;
use leptos::prelude::*;
use leptos::svg;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use crate::error::{UiError, UiResult};
use crate::format;
use crate::ui::empty::ErrorNote;
use crate::ui::load::load;

/// Width of the drawing in pixels, until the browser has told how much room there is.
const WIDTH: f64 = 900.0;
/// Its height in pixels, as the style sheet has it.
const HEIGHT: f64 = 300.0;
/// Room for the labels: left, right, top, bottom.
const MARGIN: (f64, f64, f64, f64) = (70.0, 16.0, 12.0, 30.0);
/// Stretches along the x axis that are drawn: each keeps its lowest, highest and last value.
#[cfg(feature = "ssr")]
const BUCKETS: usize = 400;

/// A history, thinned so that no spike disappears.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    /// The metric.
    key: String,
    /// In the order of steps.
    points: Vec<Metric>,
    /// How many there are in all.
    total: u64,
}

/// A metric's history, thinned for drawing. Without a choice it is the first metric's: what most people would click
/// first. `None` if the run has no metric.
#[server(prefix = "/_fn", endpoint = "metric_series")]
async fn load_series(run_id: String, metric_key: Option<String>) -> UiResult<Option<Series>> {
    let service = crate::error::service();
    let key = match metric_key {
        Some(key) => Some(key),
        None => service.run(&run_id).await?.data.metrics.into_iter().next().map(|m| m.key),
    };
    let Some(key) = key else { return Ok(None) };
    let (points, total) = service.metric_outline(&run_id, &key, BUCKETS).await?;
    Ok(Some(Series { key, points, total }))
}

/// What the x axis shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    Step,
    Time,
}

/// The chart of the metric that the URL names; axis and scale are in the URL, too (`x=time`, `y=log`).
#[component]
pub(crate) fn MetricChart(
    /// The run.
    run_id: Memo<String>,
    /// Loads it again when this changes.
    #[prop(into)]
    version: Signal<u32>,
) -> impl IntoView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.with(|q| q.get("metric")));
    let axis = move || if query.with(|q| q.get("x")).as_deref() == Some("time") { Axis::Time } else { Axis::Step };
    let log = move || query.with(|q| q.get("y")).as_deref() == Some("log");
    let series = load(move || (run_id.get(), chosen.get(), version.get()), |(run, key, _)| load_series(run, key));
    view! {
        <section id="chart" class="section" aria-label="Chart">
            <Transition>
                {move || Suspend::new(async move {
                    match series.await {
                        Ok(Some(series)) => view! { <Chart series axis=axis() log=log()/> }.into_any(),
                        // A run that is not there has been said so above.
                        Ok(None) | Err(UiError(domain::Error { code: domain::ErrorCode::ResourceDoesNotExist, .. })) => ().into_any(),
                        Err(error) => view! { <ErrorNote error/> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

/// Heading, choices and plot of a series.
#[component]
fn Chart(series: Series, axis: Axis, log: bool) -> impl IntoView {
    let key = crate::ui::url_encode(&series.key);
    let href = move |axis: Axis, log: bool| {
        let axis = if axis == Axis::Time { "&x=time" } else { "" };
        let log = if log { "&y=log" } else { "" };
        format!("?metric={key}{axis}{log}#chart")
    };
    let (other_axis, axis_label) =
        if axis == Axis::Step { (Axis::Time, "Show over time") } else { (Axis::Step, "Show over steps") };
    view! {
        <div class="row w-full">
            <h2 class="section-title mono">{series.key.clone()}</h2>
            <div class="row ml-auto">
                <a class="link small" href=href(other_axis, log)>{axis_label}</a>
                <a class="link small" href=href(axis, !log)>{if log { "Linear scale" } else { "Log scale" }}</a>
            </div>
        </div>
        <Plot series axis log/>
    }
}

/// From values to places in the drawing.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < f64::EPSILON * high.abs().max(1.0) {
            let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = (low - room, high + room);
        }
        Self { low, high, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Four to seven round numbers within the range.
    fn ticks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(power);
        let mut ticks = Vec::new();
        let mut tick = (self.low / step).ceil() * step;
        while tick <= self.high + step * 1e-9 && ticks.len() < 12 {
            ticks.push(if tick.abs() < step * 1e-9 { 0.0 } else { tick });
            tick += step;
        }
        ticks
    }
}

/// A value in the drawing.
struct Point {
    /// On the x axis, in steps or seconds.
    x: f64,
    /// From the top, in pixels.
    y: f64,
    step: i64,
    value: f64,
}

#[component]
fn Plot(series: Series, axis: Axis, log: bool) -> impl IntoView {
    let start = series.points.iter().map(|p| p.timestamp).min().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "places in a drawing")]
    let x_of = move |p: &Metric| match axis {
        Axis::Step => p.step as f64,
        Axis::Time => (p.timestamp - start) as f64 / 1000.0,
    };
    let drawable = |p: &&Metric| p.value.is_finite() && (!log || p.value > 0.0);
    let y_of = move |p: &Metric| if log { p.value.log10() } else { p.value };
    let shown: Vec<&Metric> = {
        let mut shown: Vec<_> = series.points.iter().filter(drawable).collect();
        shown.sort_by(|a, b| x_of(a).total_cmp(&x_of(b)));
        shown
    };
    let left_out = series.points.len() - shown.len();
    let Some(last) = shown.last().map(|p| p.value) else {
        return view! { <p class="muted">"No value that could be drawn."</p> }.into_any();
    };
    if let ([only], 1) = (shown.as_slice(), series.total) {
        return view! { <p>"One value: "<strong>{only.value}</strong>{format!(", at step {}.", only.step)}</p> }
            .into_any();
    }
    let ys = Scale::new(shown.iter().map(|p| y_of(p)), HEIGHT - MARGIN.3, MARGIN.2);
    let xs = Scale::new(shown.iter().map(|p| x_of(p)), MARGIN.0, WIDTH - MARGIN.1);
    let summary = format!(
        "{} points; last value {}; lowest {}, highest {}",
        series.total,
        format::metric(last),
        format::metric(shown.iter().map(|p| p.value).fold(f64::INFINITY, f64::min)),
        format::metric(shown.iter().map(|p| p.value).fold(f64::NEG_INFINITY, f64::max)),
    );
    let point = |p: &&Metric| Point { x: x_of(p), y: ys.place(y_of(p)), step: p.step, value: p.value };
    let points = StoredValue::new(shown.iter().map(point).collect::<Vec<_>>());

    // One unit of the drawing is one pixel, so that its text is as large as the page's.
    let node = NodeRef::<svg::Svg>::new();
    let width = RwSignal::new(WIDTH);
    let measure = move || {
        let room = node.get_untracked().map(|node| node.get_bounding_client_rect().width());
        if let Some(room) = room.filter(|room| *room > MARGIN.0 + MARGIN.1) {
            width.set(room.round());
        }
    };
    Effect::new(move |_| {
        node.track();
        measure();
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let xs = move || Scale { to: width.get() - MARGIN.1, ..xs };

    let y_lines = ys.ticks().into_iter().map(|t| {
        let y = ys.place(t);
        let label = format::metric(if log { 10_f64.powf(t) } else { t });
        view! {
            <line x1=MARGIN.0 x2=move || width.get() - MARGIN.1 y1=y y2=y stroke="var(--border)"></line>
            <text x=MARGIN.0 - 8.0 y=y + 4.0 text-anchor="end">{label}</text>
        }
    });
    // There is nothing between two steps.
    let whole = move |t: &f64| axis == Axis::Time || t.fract() == 0.0;
    let x_labels = xs().ticks().into_iter().filter(whole).map(|t| {
        let label = match axis {
            Axis::Step => format::metric(t),
            #[expect(clippy::cast_possible_truncation, reason = "a label")]
            Axis::Time => format::duration((t * 1000.0) as i64),
        };
        view! { <text x=move || xs().place(t) y=HEIGHT - 10.0 text-anchor="middle">{label}</text> }
    });
    let line = move || {
        let xs = xs();
        let place = |p: &Point| format!("{:.1},{:.1}", xs.place(p.x), p.y);
        points.with_value(|points| points.iter().map(place).collect::<Vec<_>>().join(" "))
    };
    let dots = (shown.len() <= 60).then(|| {
        points.with_value(|points| {
            let dot = |p: &Point| {
                let (x, tip) = (p.x, format!("step {}: {}", p.step, p.value));
                view! { <circle cx=move || xs().place(x) cy=p.y r="3.5"><title>{tip}</title></circle> }
            };
            points.iter().map(dot).collect_view()
        })
    });
    let hover = RwSignal::new(None::<usize>);
    let find = move |e: leptos::ev::PointerEvent| {
        let Some(left) = node.get_untracked().map(|node| node.get_bounding_client_rect().left()) else { return };
        let (x, xs) = (f64::from(e.client_x()) - left, untrack(xs));
        let distance = |p: &Point| (xs.place(p.x) - x).abs();
        hover.set(points.with_value(|points| {
            let nearest = points.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
            nearest.map(|(i, _)| i)
        }));
    };
    let tip = move || {
        let (xs, right) = (xs(), width.get() * 0.75);
        points.with_value(|points| {
            let Point { x, y, step, value } = points.get(hover.get()?)?;
            let x = xs.place(*x);
            let (anchor, shift) = if x > right { ("end", -8.0) } else { ("start", 8.0) };
            Some(view! {
                <line x1=x x2=x y1=MARGIN.2 y2=HEIGHT - MARGIN.3 stroke="var(--border-strong)" stroke-dasharray="3 3"></line>
                <circle cx=x cy=*y r="4.5" fill="var(--accent)" stroke="var(--bg)" stroke-width="2"></circle>
                <text x=x + shift y=MARGIN.2 + 12.0 text-anchor=anchor class="chart-tip">{format!("step {step}: {}", format::metric(*value))}</text>
            })
        })
    };
    view! {
        <svg class="chart" node_ref=node viewBox=move || format!("0 0 {} {HEIGHT}", width.get()) role="img" aria-label=summary.clone()
            on:pointermove=find on:pointerleave=move |_| hover.set(None)>
            {y_lines.collect_view()}
            {x_labels.collect_view()}
            <polyline points=line fill="none" stroke="var(--accent)" stroke-width="2" stroke-linejoin="round"></polyline>
            <g fill="var(--accent)">{dots}</g>
            {tip}
        </svg>
        <p class="muted small">{summary}
            {(left_out > 0).then(|| format!("; {left_out} that are not finite{} left out", if log { " or not positive" } else { "" }))}
        </p>
    }
    .into_any()
}
