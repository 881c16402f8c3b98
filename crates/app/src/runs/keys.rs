//! The runs table by keyboard: arrows move a mark from cell to cell, Space ticks, Enter opens, Shift extends.
//!
//! The focus stays on the table, for the marked row may be scrolled out of the document.

use std::collections::HashMap;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::grid::ROW_HEIGHT;
use super::shown::Shown;
use super::tree::Line;

/// A cell: the run's id and the column, counted from the tick boxes.
pub(crate) type Cell = (String, usize);

/// The id of a cell's element.
pub(crate) fn cell_id(run_id: &str, column: usize) -> String {
    format!("cell-{run_id}-{column}")
}

/// Ids of the runs in the order of the lines.
fn order(shown: Shown, lines: Memo<Vec<Line>>) -> Vec<String> {
    lines.with_untracked(|lines| {
        shown.rows.with_untracked(|rows| {
            lines.iter().filter_map(|line| rows.get(line.row)).map(|row| row.id.clone()).collect()
        })
    })
}

/// Ticks a run or takes its tick away; with `range` all from the run that was ticked last to this one.
pub(crate) fn tick(shown: Shown, lines: Memo<Vec<Line>>, id: &str, range: bool) {
    let on = !shown.selected.with_untracked(|selected| selected.contains(id));
    set_ticks(shown, &between(shown, lines, id, range), on);
    shown.anchor.set(Some(id.to_owned()));
}

/// The runs from the one that was ticked last to this one; this one alone without `range`.
fn between(shown: Shown, lines: Memo<Vec<Line>>, id: &str, range: bool) -> Vec<String> {
    let anchor = shown.anchor.get_untracked().filter(|_| range);
    let Some(anchor) = anchor else { return vec![id.to_owned()] };
    let order = order(shown, lines);
    let at = |id: &str| order.iter().position(|other| other == id);
    match (at(&anchor), at(id)) {
        (Some(from), Some(to)) => order[from.min(to)..=from.max(to)].to_vec(),
        _ => vec![id.to_owned()],
    }
}

fn set_ticks(shown: Shown, ids: &[String], on: bool) {
    shown.selected.update(|selected| {
        for id in ids {
            if on {
                selected.insert(id.clone());
            } else {
                selected.remove(id);
            }
        }
    });
}

/// Handles a key that is pressed in the table.
pub(crate) fn pressed(event: &KeyboardEvent, shown: Shown, lines: Memo<Vec<Line>>, scroller: NodeRef<html::Div>) {
    let (Some(scroller), Some(table)) = (scroller.get_untracked(), event.current_target()) else { return };
    let table: HtmlElement = table.unchecked_into();
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    // A box or a link in the table has the focus: it keeps its own keys, and the arrows go on from its cell.
    let inner = target.filter(|target| *target != table);
    let order = order(shown, lines);
    let places: HashMap<&str, usize> = order.iter().enumerate().map(|(i, id)| (id.as_str(), i)).collect();
    let focused = inner.as_ref().and_then(cell_of);
    let known = |cell: &Cell| places.contains_key(cell.0.as_str());
    let current = focused.or_else(|| shown.active.get_untracked()).filter(known);
    let Some(last) = order.len().checked_sub(1) else { return };
    let last_column = shown.columns.with_untracked(Vec::len) + 1;
    let rows_in_sight = usize::try_from(scroller.client_height()).unwrap_or(0) / ROW_HEIGHT;
    let whole = event.ctrl_key() || event.meta_key();
    let (row, column) = current.as_ref().map_or((0, 1), |(id, column)| (places[id.as_str()], *column));
    let next = match event.key().as_str() {
        // The first key only shows where the mark is.
        "ArrowDown" | "ArrowUp" | "ArrowLeft" | "ArrowRight" if current.is_none() => (0, 1),
        "ArrowDown" => ((row + 1).min(last), column),
        "ArrowUp" => (row.saturating_sub(1), column),
        "ArrowLeft" => (row, column.saturating_sub(1)),
        "ArrowRight" => (row, (column + 1).min(last_column)),
        "PageDown" => ((row + rows_in_sight).min(last), column),
        "PageUp" => (row.saturating_sub(rows_in_sight), column),
        "Home" => (if whole { 0 } else { row }, 0),
        "End" => (if whole { last } else { row }, last_column),
        "a" if whole && inner.is_none() => {
            event.prevent_default();
            return set_ticks(shown, &order, true);
        }
        " " if inner.is_none() => {
            event.prevent_default();
            if current.is_some() {
                tick(shown, lines, &order[row], event.shift_key());
            }
            return;
        }
        "Enter" if inner.is_none() => {
            if let Some((id, column)) = current {
                event.prevent_default();
                open(&id, column);
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    let (id, column) = (order[next.0].clone(), next.1);
    if event.shift_key() && next.0 != row {
        if shown.anchor.with_untracked(Option::is_none) {
            shown.anchor.set(Some(order[row].clone()));
        }
        set_ticks(shown, &between(shown, lines, &id, true), true);
    }
    if inner.is_some() {
        drop(table.focus());
    }
    reveal_row(&scroller, next.0);
    shown.active.set(Some((id.clone(), column)));
    // One frame later the row is in the document.
    request_animation_frame(move || reveal_cell(&scroller, &id, column));
}

/// The cell that an element is in.
fn cell_of(element: &HtmlElement) -> Option<Cell> {
    let id = element.closest("td[id]").ok()??.id();
    let (run_id, column) = id.strip_prefix("cell-")?.rsplit_once('-')?;
    Some((run_id.to_owned(), column.parse().ok()?))
}

/// Follows the link of a cell, or of its row.
fn open(id: &str, column: usize) {
    let link = [column, 1].into_iter().find_map(|column| {
        document().get_element_by_id(&cell_id(id, column))?.query_selector("a").ok()??.dyn_into::<HtmlElement>().ok()
    });
    if let Some(link) = link {
        link.click();
    }
}

/// Scrolls just so far that a row is in sight below the heading.
fn reveal_row(scroller: &HtmlElement, row: usize) {
    let height = i32::try_from(ROW_HEIGHT).unwrap_or(i32::MAX);
    let top = i32::try_from(row).unwrap_or(i32::MAX).saturating_mul(height);
    let room = scroller.client_height() - 2 * height;
    if top < scroller.scroll_top() {
        scroller.set_scroll_top(top);
    } else if top > scroller.scroll_top() + room {
        scroller.set_scroll_top(top - room);
    }
}

/// Scrolls just so far that a cell is in sight beside the columns that stay.
fn reveal_cell(scroller: &HtmlElement, id: &str, column: usize) {
    let element = |column| document().get_element_by_id(&cell_id(id, column))?.dyn_into::<HtmlElement>().ok();
    let (Some(cell), Some(name)) = (element(column), element(1)) else { return };
    if column < 2 {
        return;
    }
    let kept = name.offset_width() + element(0).map_or(0, |tick| tick.offset_width());
    let (left, right) = (cell.offset_left(), cell.offset_left() + cell.offset_width());
    if left - kept < scroller.scroll_left() {
        scroller.set_scroll_left(left - kept);
    } else if right > scroller.scroll_left() + scroller.client_width() {
        scroller.set_scroll_left(right - scroller.client_width());
    }
}
