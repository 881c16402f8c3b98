//! A metric's history as a line, drawn as SVG on the server and in the browser alike.

use domain::metrics::Metric;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use crate::error::{UiError, UiResult};
use crate::format;
use crate::ui::empty::ErrorNote;
use crate::ui::load::load;

/// Width and height of the drawing, in its own units.
const SIZE: (f64, f64) = (900.0, 300.0);
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
) -> impl IntoView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.with(|q| q.get("metric")));
    let axis = move || if query.with(|q| q.get("x")).as_deref() == Some("time") { Axis::Time } else { Axis::Step };
    let log = move || query.with(|q| q.get("y")).as_deref() == Some("log");
    let series = load(move || (run_id.get(), chosen.get()), |(run, key)| load_series(run, key));
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
    let shown: Vec<Metric> = {
        let mut shown: Vec<_> = series.points.iter().filter(drawable).cloned().collect();
        shown.sort_by(|a, b| x_of(a).total_cmp(&x_of(b)));
        shown
    };
    let left_out = series.points.len() - shown.len();
    if shown.is_empty() {
        return view! { <p class="muted">"No value that could be drawn."</p> }.into_any();
    }
    let xs = Scale::new(shown.iter().map(x_of), MARGIN.0, SIZE.0 - MARGIN.1);
    let ys = Scale::new(shown.iter().map(y_of), SIZE.1 - MARGIN.3, MARGIN.2);
    let line = shown
        .iter()
        .map(|p| format!("{:.1},{:.1}", xs.place(x_of(p)), ys.place(y_of(p))))
        .collect::<Vec<_>>()
        .join(" ");
    let y_lines = ys
        .ticks()
        .into_iter()
        .map(|t| {
            let y = ys.place(t);
            let label = format::metric(if log { 10_f64.powf(t) } else { t });
            view! {
                <line x1=MARGIN.0 x2=SIZE.0 - MARGIN.1 y1=y y2=y stroke="var(--border)"></line>
                <text x=MARGIN.0 - 8.0 y=y + 4.0 text-anchor="end">{label}</text>
            }
        })
        .collect_view();
    let x_labels = xs
        .ticks()
        .into_iter()
        .map(|t| {
            let label = match axis {
                Axis::Step => format::metric(t),
                #[expect(clippy::cast_possible_truncation, reason = "a label")]
                Axis::Time => format::duration((t * 1000.0) as i64),
            };
            view! { <text x=xs.place(t) y=SIZE.1 - 10.0 text-anchor="middle">{label}</text> }
        })
        .collect_view();
    let dots = (shown.len() <= 60).then(|| {
        shown
            .iter()
            .map(|p| {
                let tip = format!("step {}: {}", p.step, p.value);
                view! { <circle cx=xs.place(x_of(p)) cy=ys.place(y_of(p)) r="3.5"><title>{tip}</title></circle> }
            })
            .collect_view()
    });
    let last = shown.last().map(|p| p.value).unwrap_or_default();
    let summary = format!(
        "{} points; last value {}; lowest {}, highest {}",
        series.total,
        format::metric(last),
        format::metric(shown.iter().map(|p| p.value).fold(f64::INFINITY, f64::min)),
        format::metric(shown.iter().map(|p| p.value).fold(f64::NEG_INFINITY, f64::max)),
    );
    let hover = RwSignal::new(None::<usize>);
    let places = StoredValue::new(
        shown.iter().map(|p| (xs.place(x_of(p)), ys.place(y_of(p)), p.step, p.value)).collect::<Vec<_>>(),
    );
    let find = move |e: leptos::ev::PointerEvent| {
        let Some(target) = e.current_target() else { return };
        let element: web_sys::Element = wasm_bindgen::JsCast::unchecked_into(target);
        let rect = element.get_bounding_client_rect();
        let x = (f64::from(e.client_x()) - rect.left()) / rect.width() * SIZE.0;
        let nearest = places.with_value(|places| {
            places.iter().enumerate().min_by(|a, b| (a.1.0 - x).abs().total_cmp(&(b.1.0 - x).abs())).map(|(i, _)| i)
        });
        hover.set(nearest);
    };
    view! {
        <svg class="chart" viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1) role="img" aria-label=summary.clone()
            on:pointermove=find on:pointerleave=move |_| hover.set(None)>
            {y_lines}
            {x_labels}
            <polyline points=line fill="none" stroke="var(--accent)" stroke-width="2" stroke-linejoin="round"></polyline>
            <g fill="var(--accent)">{dots}</g>
            {move || hover.get().and_then(|i| places.with_value(|p| p.get(i).copied())).map(|(x, y, step, value)| {
                let anchor = if x > SIZE.0 * 0.75 { "end" } else { "start" };
                let shift = if anchor == "end" { -8.0 } else { 8.0 };
                view! {
                    <line x1=x x2=x y1=MARGIN.2 y2=SIZE.1 - MARGIN.3 stroke="var(--border-strong)" stroke-dasharray="3 3"></line>
                    <circle cx=x cy=y r="4.5" fill="var(--accent)" stroke="var(--bg)" stroke-width="2"></circle>
                    <text x=x + shift y=MARGIN.2 + 12.0 text-anchor=anchor class="chart-tip">{format!("step {step}: {}", format::metric(value))}</text>
                }
            })}
        </svg>
        <p class="muted small">{summary}
            {(left_out > 0).then(|| format!("; {left_out} that are not finite{} left out", if log { " or not positive" } else { "" }))}
        </p>
    }
    .into_any()
}
