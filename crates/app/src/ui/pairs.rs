//! A list of keys and values that are being typed, in a dialog.

use leptos::prelude::*;

use super::focus::focused_input;
use super::head::ActionButton;
use super::icon::{Icon, IconName};

/// A key and a value that are being typed.
#[derive(Clone, Copy)]
struct Pair {
    number: usize,
    key: RwSignal<String>,
    value: RwSignal<String>,
}

/// Keys and values that are being typed.
#[derive(Clone, Copy)]
pub(crate) struct Pairs {
    rows: RwSignal<Vec<Pair>>,
    next: StoredValue<usize>,
}

impl Pairs {
    /// Starts from these.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pair = |(number, (key, value))| Pair { number, key: RwSignal::new(key), value: RwSignal::new(value) };
        let rows: Vec<Pair> = pairs.into_iter().enumerate().map(pair).collect();
        Self { next: StoredValue::new(rows.len()), rows: RwSignal::new(rows) }
    }

    /// What is typed; rows without a key don't count, nor do blanks around one.
    pub(crate) fn get_untracked(self) -> Vec<(String, String)> {
        self.rows.with_untracked(|rows| {
            let typed = rows.iter().map(|row| (row.key.get_untracked().trim().to_owned(), row.value.get_untracked()));
            typed.filter(|(key, _)| !key.is_empty()).collect()
        })
    }

    fn add(self) {
        let number = self.next.get_value();
        self.next.set_value(number + 1);
        self.rows.update(|rows| {
            rows.push(Pair { number, key: RwSignal::new(String::new()), value: RwSignal::new(String::new()) });
        });
    }
}

/// Names of what is in the fields and on the buttons.
#[derive(Clone, Copy)]
pub(crate) struct PairNames {
    /// Of the field for a key.
    pub(crate) key: &'static str,
    /// Of the field for a value.
    pub(crate) value: &'static str,
    /// In an empty field for a value.
    pub(crate) no_value: &'static str,
    /// On the button that adds a row.
    pub(crate) add: &'static str,
    /// Of the button that takes one away.
    pub(crate) remove: &'static str,
}

/// The fields, with buttons that add and take away rows.
#[component]
pub(crate) fn PairFields(pairs: Pairs, names: PairNames) -> impl IntoView {
    view! {
        <div class="stack">
            <For each=move || pairs.rows.get() key=|pair| pair.number let:pair>
                <PairRow pair names on_remove=Callback::new(move |()| {
                    pairs.rows.update(|rows| rows.retain(|row| row.number != pair.number));
                })/>
            </For>
            <div><ActionButton icon=IconName::Plus label=names.add on_press=Callback::new(move |()| pairs.add())/></div>
        </div>
    }
}

#[component]
fn PairRow(pair: Pair, names: PairNames, on_remove: Callback<()>) -> impl IntoView {
    // A row that was added, rather than there from the start, is where one goes on typing.
    let node = if pair.key.with_untracked(String::is_empty) { focused_input() } else { NodeRef::new() };
    view! {
        <div class="pair-row">
            <input class="input" node_ref=node placeholder=names.key aria-label=names.key prop:value=move || pair.key.get()
                on:input:target=move |e| pair.key.set(e.target().value())/>
            <input class="input" placeholder=names.no_value aria-label=names.value prop:value=move || pair.value.get()
                on:input:target=move |e| pair.value.set(e.target().value())/>
            <button type="button" class="icon-button small" aria-label=names.remove title=names.remove on:click=move |_| on_remove.run(())>
                <Icon name=IconName::Delete/>
            </button>
        </div>
    }
}
