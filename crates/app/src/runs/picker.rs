//! Which columns the runs table has.

use leptos::html;
use leptos::prelude::*;

use super::columns::{Column, Group};
use super::shown::Shown;
use super::toolbar::{Go, kept};
use super::url::RunsQuery;
use crate::ui::icon::{Icon, IconName};
use crate::ui::menu::{Menu, close};

/// A menu of tick boxes; every tick goes into the address.
#[component]
pub(crate) fn ColumnPicker(shown: Shown, go: Go) -> impl IntoView {
    let menu = NodeRef::<html::Details>::new();
    let wanted = RwSignal::new(String::new());
    let reset = move || {
        let usual = shown.query.with(|query| query.changed(|query| query.columns = None));
        usual.address(&shown.experiment_id.get())
    };
    // Shown columns are on the list even if no loaded run has their key.
    let groups = Memo::new(move |_| {
        let keys = shown.keys.get();
        let columns = shown.columns.get();
        let group = |group: Group, known: Vec<Column>| {
            let more: Vec<Column> =
                columns.iter().filter(|c| c.group() == group && !known.contains(c)).cloned().collect();
            (group, [known, more].concat())
        };
        [
            group(Group::Attributes, Column::ATTRIBUTES.to_vec()),
            group(Group::Metrics, keys.metrics.into_iter().map(Column::Metric).collect()),
            group(Group::Parameters, keys.params.into_iter().map(Column::Param).collect()),
            group(Group::Tags, keys.tags.into_iter().map(Column::Tag).collect()),
        ]
        .to_vec()
    });
    view! {
        <Menu class="button" name="Columns" node=menu
            label=|| view! { <Icon name=IconName::Dataset/>"Columns"<Icon name=IconName::Down/> }>
            <form class="menu-list columns-menu" method="get" action=move || RunsQuery::default().address(&shown.experiment_id.get())
                on:submit=move |e| { e.prevent_default(); close(menu); }>
                {move || shown.query.with(|query| kept(query, &["col"]))}
                <input type="hidden" name="col" value=""/>
                <input class="input" type="search" placeholder="Search columns" aria-label="Search columns"
                    prop:value=move || wanted.get() on:input:target=move |e| wanted.set(e.target().value())/>
                <For each=move || groups.get() key=Clone::clone let((group, columns))>
                    <PickerGroup shown go group columns wanted=wanted.into()/>
                </For>
                <div class="row">
                    <button type="submit" class="button">"Done"</button>
                    <a class="link" data-noscroll="" href=reset>"Reset to defaults"</a>
                </div>
            </form>
        </Menu>
    }
}

#[component]
fn PickerGroup(shown: Shown, go: Go, group: Group, columns: Vec<Column>, wanted: Signal<String>) -> impl IntoView {
    if columns.is_empty() {
        return None;
    }
    let count = columns.len();
    let members = StoredValue::new(columns.clone());
    let change = move |tick: bool, which: Vec<Column>| {
        let mut columns = shown.columns.get_untracked();
        columns.retain(|column| !which.contains(column));
        if tick {
            columns.extend(which);
        }
        // Attributes, metrics, params, tags, each in the order in which they were ticked.
        columns.sort_by_key(|column| column.group() as u8);
        go.run((shown.query.with_untracked(|query| query.changed(|query| query.columns = Some(columns))), true));
    };
    let all =
        move || shown.columns.with(|shown| members.with_value(|members| members.iter().all(|c| shown.contains(c))));
    let boxes = columns
        .into_iter()
        .map(|column| {
            let (id, label) = (column.id(), column.label());
            let needle = label.to_lowercase();
            let fits = Memo::new(move |_| wanted.with(|wanted| needle.contains(&wanted.trim().to_lowercase())));
            let column = StoredValue::new(column);
            let ticked = move || shown.columns.with(|shown| column.with_value(|column| shown.contains(column)));
            view! {
                <label class="check menu-item" hidden=move || !fits.get()>
                    <input type="checkbox" name="col" value=id checked=untrack(ticked) prop:checked=ticked
                        on:change:target=move |e| change(e.target().checked(), vec![column.get_value()])/>
                    <span>{label}</span>
                </label>
            }
        })
        .collect_view();
    Some(view! {
        <fieldset class="columns-group">
            <legend>
                <label class="check">
                    <input type="checkbox" prop:checked=all on:change:target=move |e| change(e.target().checked(), members.get_value())/>
                    {group.label()}" "<span class="count">{format!("({count})")}</span>
                </label>
            </legend>
            {boxes}
        </fieldset>
    })
}
