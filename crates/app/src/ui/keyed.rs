//! Lists of keys with what belongs to them: metrics, params. Long ones get a filter and scroll in their own frame.

use domain::Param;
use leptos::prelude::*;

/// From how many keys on there is a filter.
const FILTERED: usize = 10;

/// A key with the cells that follow it.
pub(crate) struct KeyRow {
    /// The key.
    pub(crate) key: String,
    /// What stands in its cell: the key itself, or a link of this text.
    pub(crate) head: AnyView,
    /// The other cells of the row.
    pub(crate) cells: AnyView,
}

/// A section with a table of keys.
#[component]
pub(crate) fn KeyTable(
    /// The heading, in the plural: `Metrics`.
    title: &'static str,
    /// The heading of the first column.
    key_title: &'static str,
    /// The other columns' headings.
    heads: AnyView,
    /// The keys.
    rows: Vec<KeyRow>,
    /// What to say when there are none.
    #[prop(into)]
    none: String,
) -> impl IntoView {
    let count = rows.len();
    let filter = RwSignal::new(String::new());
    let wanted = Memo::new(move |_| filter.with(|f| f.trim().to_lowercase()));
    let needles: Vec<String> = rows.iter().map(|row| row.key.to_lowercase()).collect();
    let found = Memo::new(move |_| wanted.with(|w| needles.iter().filter(|n| n.contains(w)).count()));
    let rows = rows
        .into_iter()
        .map(|KeyRow { key, head, cells }| {
            let needle = key.to_lowercase();
            view! {
                <tr hidden=move || wanted.with(|w| !needle.contains(w))>
                    <td class="mono" title=key>{head}</td>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    let shown = move || {
        let found = found.get();
        if found == count { count.to_string() } else { format!("{found} of {count}") }
    };
    let what = format!("Filter {}", title.to_lowercase());
    let nothing = format!("No {} matches.", key_title.to_lowercase());
    view! {
        <section class="section" aria-label=title>
            <h2 class="section-title">{title}" "<span class="count" aria-live="polite">{shown}</span></h2>
            {(count > FILTERED).then(|| view! {
                <input class="input w-full" type="search" placeholder=what.clone() aria-label=what.clone()
                    on:input:target=move |e| filter.set(e.target().value())
                    on:keydown:target=move |e| if e.key() == "Escape" {
                        e.target().set_value("");
                        filter.set(String::new());
                    }/>
            })}
            {if count == 0 {
                view! { <p class="muted">{none}</p> }.into_any()
            } else {
                view! {
                    <div class="table-scroll bounded w-full" tabindex="0" role="group" aria-label=title>
                        <table class="grid keyed">
                            <thead><tr><th scope="col">{key_title}</th>{heads}</tr></thead>
                            <tbody>
                                {rows}
                                <tr hidden=move || { found.get() > 0 }><td class="muted" colspan="3">{nothing}</td></tr>
                            </tbody>
                        </table>
                    </div>
                }
                .into_any()
            }}
        </section>
    }
}

/// A section with a table of params.
#[component]
pub(crate) fn ParamTable(
    /// The params.
    params: Vec<Param>,
    /// What to say when there are none.
    none: &'static str,
) -> impl IntoView {
    let rows = params.into_iter().map(|Param { key, value }| KeyRow {
        head: key.clone().into_any(),
        cells: view! { <td class="mono">{value}</td> }.into_any(),
        key,
    });
    let value = view! { <th scope="col">"Value"</th> };
    view! { <KeyTable title="Parameters" key_title="Parameter" heads=value.into_any() rows=rows.collect() none/> }
}
