//! The table itself. It keeps only the rows in sight in the document, and loads more as one scrolls.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::cells::{cell_view, run_address};
use super::columns::{Column, Group};
use super::data::{PAGE_ROWS, Row};
use super::keys::{cell_id, pressed, tick};
use super::shown::{Loading, Shown};
use super::tree::Line;
use super::url::RunsQuery;
use crate::ui::icon::{Icon, IconName};
use crate::ui::sort::{SortLink, aria_sort};

/// Height of a row in pixels, as the style sheet has it.
pub(crate) const ROW_HEIGHT: usize = 32;
/// Rows are made and dropped this many at a time, so that a scroll by a few pixels changes nothing.
const STEP: usize = 10;
/// Width of the column of tick boxes in pixels.
const TICK_WIDTH: usize = 40;
/// The next page is asked for when this many rows are left.
const AHEAD: usize = 30;

/// The table.
#[component]
pub(crate) fn Grid(shown: Shown) -> impl IntoView {
    let lines = shown.lines();
    let scroller = NodeRef::<html::Div>::new();
    // All rows in the first render, which works without scripts; those in sight from then on.
    let range = RwSignal::new((0, PAGE_ROWS));
    let measure = move || {
        let Some(node) = scroller.get_untracked() else { return };
        let pixels = |value: i32| usize::try_from(value).unwrap_or(0);
        let (top, height) = (pixels(node.scroll_top()), pixels(node.client_height()));
        let first = (top / ROW_HEIGHT).saturating_sub(STEP) / STEP * STEP;
        let last = ((top + height) / ROW_HEIGHT + 2 * STEP) / STEP * STEP;
        if range.get_untracked() != (first, last) {
            range.set((first, last));
        }
    };
    Effect::new(move |_| {
        lines.track();
        measure();
    });
    Effect::new(move |seen: Option<u32>| {
        let searches = shown.searches.get();
        if let Some(node) = scroller.get_untracked()
            && seen.is_some_and(|seen| seen != searches)
        {
            node.set_scroll_top(0);
        }
        searches
    });
    Effect::new(move |_| {
        let (_, last) = range.get();
        let near_the_end = last + AHEAD > lines.with(Vec::len);
        if near_the_end && shown.next.with(Option::is_some) && shown.loading.get() == Loading::Nothing {
            shown.load_more();
        }
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());

    let bounds = Memo::new(move |_| {
        let (count, (first, last)) = (lines.with(Vec::len), range.get());
        (first.min(count), last.min(count), count)
    });
    let window = move || {
        let (first, last, _) = bounds.get();
        let stands = shown.stands.get();
        lines.with(|lines| {
            shown.rows.with(|rows| {
                let in_sight = lines.get(first..last).unwrap_or_default().iter();
                let rows = in_sight.filter_map(|line| {
                    let row = rows.get(line.row)?.clone();
                    Some((stands.of(&row.id), *line, row))
                });
                rows.collect::<Vec<_>>()
            })
        })
    };
    let span = move || shown.columns.with(Vec::len) + 2;
    let above = move || format!("height: {}px", bounds.get().0 * ROW_HEIGHT);
    let below = move || {
        let (_, last, count) = bounds.get();
        format!("height: {}px", (count - last) * ROW_HEIGHT)
    };
    let width = move || {
        let columns = shown.columns.with(|columns| columns.iter().map(Column::width).sum::<usize>());
        format!("width: {}px", columns + Column::Name.width() + TICK_WIDTH)
    };
    let active = move || shown.active.get().map(|(id, column)| cell_id(&id, column));
    // The cell may not be in the document yet: a rule finds it when it is.
    let mark = move || {
        active()
            .map(|id| format!(".runs-grid:focus #{id} {{ box-shadow: inset 0 0 0 2px var(--focus); }}"))
            .unwrap_or_default()
    };
    view! {
        <style inner_html=mark></style>
        <div class="table-scroll runs-scroll" node_ref=scroller on:scroll=move |_| measure()>
            <table class="grid runs-grid" style=width role="grid" tabindex="0" aria-label="Runs" aria-multiselectable="true"
                aria-rowcount=move || shown.total.get().to_string() aria-activedescendant=active
                on:keydown=move |event| pressed(&event, shown, lines, scroller)>
                <Heads shown/>
                <tbody>
                    <tr class="spacer" aria-hidden="true"><td colspan=span style=above></td></tr>
                    <For
                        each=window
                        key=|(stand, line, row)| (*stand, line.depth, line.open, row.id.clone())
                        children=move |(_, line, row)| view! { <RunRow shown lines line row/> }
                    />
                    <tr class="spacer" aria-hidden="true"><td colspan=span style=below></td></tr>
                </tbody>
            </table>
        </div>
    }
}

/// Column widths and headings.
#[component]
fn Heads(shown: Shown) -> impl IntoView {
    let all = move || {
        let (rows, selected) = (shown.rows.with(Vec::len), shown.selected.with(std::collections::BTreeSet::len));
        (rows > 0 && selected >= rows, selected > 0 && selected < rows)
    };
    let tick_all = move |_| {
        if all().0 {
            shown.selected.update(std::collections::BTreeSet::clear);
        } else {
            let ids = shown.rows.with_untracked(|rows| rows.iter().map(|row| row.id.clone()).collect());
            shown.selected.set(ids);
        }
    };
    view! {
        <colgroup>
            <col style=format!("width: {TICK_WIDTH}px")/>
            <col style=format!("width: {}px", Column::Name.width())/>
            <For each=move || shown.columns.get() key=Clone::clone let:column>
                <col style=format!("width: {}px", column.width())/>
            </For>
        </colgroup>
        <thead>
            <tr>
                <th scope="col" class="tick">
                    <input type="checkbox" aria-label="Select all loaded runs" prop:checked=move || all().0
                        prop:indeterminate=move || all().1 on:change=tick_all/>
                </th>
                <Head shown column=Column::Name/>
                <For each=move || shown.columns.get() key=Clone::clone let:column>
                    <Head shown column/>
                </For>
            </tr>
        </thead>
    }
}

#[component]
fn Head(shown: Shown, column: Column) -> impl IntoView {
    let number = column.group() == Group::Metrics;
    let label = column.label();
    let title = match column.group() {
        Group::Attributes => label.clone(),
        group => format!("{}: {label}", group.label()),
    };
    let sortable = column.order_key().is_some();
    let column = StoredValue::new(column);
    let direction = Memo::new(move |_| {
        shown.query.with(|query: &RunsQuery| column.with_value(|c| query.sort == *c).then_some(query.ascending))
    });
    let address = Signal::derive(move || {
        let query = shown.query.with(|query| column.with_value(|column| query.sorted_by(column)));
        query.address(&shown.experiment_id.get())
    });
    view! {
        <th scope="col" title=title class:number=number class:sorted=move || direction.get().is_some()
            aria-sort=move || aria_sort(direction.get())>
            {if sortable {
                leptos::either::Either::Left(view! { <SortLink label href=address ascending=direction/> })
            } else {
                leptos::either::Either::Right(view! { <span class="cell-cut">{label}</span> })
            }}
        </th>
    }
}

#[component]
fn RunRow(shown: Shown, lines: Memo<Vec<Line>>, line: Line, row: Arc<Row>) -> impl IntoView {
    let columns = shown.columns.get_untracked();
    let experiment_id = shown.experiment_id.get_untracked();
    let id = StoredValue::new(row.id.clone());
    let ticked = Memo::new(move |_| shown.selected.with(|selected| id.with_value(|id| selected.contains(id))));
    let tick = move |event: leptos::ev::MouseEvent| id.with_value(|id| tick(shown, lines, id, event.shift_key()));
    let cells = columns
        .into_iter()
        .zip(row.cells.iter().cloned())
        .enumerate()
        .map(|(i, (column, cell))| {
            let number = column.group() == Group::Metrics;
            let content = cell_view(&column, cell, &row, &experiment_id);
            let sorted = {
                let column = column.clone();
                move || shown.query.with(|query| query.sort == column)
            };
            view! {
                <td id=cell_id(&row.id, i + 2) class:number=number class:sorted=sorted>
                    {content}
                </td>
            }
        })
        .collect_view();
    let fold = line.open.map(|open| {
        let label = if open { format!("Fold the runs in {}", row.name) } else { format!("Show the runs in {}", row.name) };
        let toggle = move |_| {
            shown.closed.update(|closed| {
                let id = id.get_value();
                if !closed.remove(&id) {
                    closed.insert(id);
                }
            });
        };
        view! {
            <button type="button" class="icon-button small" aria-label=label aria-expanded=open.to_string() on:click=toggle>
                <Icon name=if open { IconName::Down } else { IconName::Right }/>
            </button>
        }
    });
    view! {
        <tr aria-selected=move || ticked.get().to_string()>
            <td class="tick" id=cell_id(&row.id, 0)>
                <input type="checkbox" aria-label=format!("Select {}", row.name) prop:checked=ticked on:click=tick/>
            </td>
            <td class="run-name" id=cell_id(&row.id, 1) style=format!("--depth: {}", line.depth)>
                <span class="cell-line">
                    {fold}
                    <a class="link cell-cut" href=run_address(&experiment_id, &row.id) title=row.name.clone()>{row.name.clone()}</a>
                </span>
            </td>
            {cells}
        </tr>
    }
}
