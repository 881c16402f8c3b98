//! The aliases of a version, and their editor.

use domain::names::check_new_alias;
use domain::registered_models::ModelAlias;
use leptos::prelude::*;

use super::data::{VersionData, save_aliases};
use crate::error::UiResult;
use crate::registered_models::AliasChip;
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::focus::focused_input;
use crate::ui::icon::{Icon, IconName};
use crate::ui::live::Live;
use crate::ui::toast::messages;

/// The aliases with a button that opens their editor.
#[component]
pub(super) fn Aliases(live: Live<VersionData>) -> impl IntoView {
    let open = RwSignal::new(false);
    let own = Memo::new(move |_| live.data.with(VersionData::own_aliases));
    let version = live.data.with_untracked(|d| d.version.version);
    view! {
        <span class="row">
            {move || own.get().into_iter().map(|alias| view! { <AliasChip alias/> }).collect_view()}
            <button type="button" class="icon-button small" aria-label="Edit aliases" title="Add or edit aliases" on:click=move |_| open.set(true)>
                {move || {
                    let name = if own.with(Vec::is_empty) { IconName::Plus } else { IconName::Edit };
                    view! { <Icon name/> }
                }}
            </button>
        </span>
        <Dialog open title=format!("Add/Edit alias for model version {version}")>
            <AliasForm live open/>
        </Dialog>
    }
}

/// Who loses aliases to a version, as sentences.
fn take_overs(wanted: &[String], all: &[ModelAlias], version: i64) -> Vec<String> {
    let held = wanted.iter().filter_map(|alias| all.iter().find(|a| a.alias == *alias && a.version != version));
    held.map(|a| {
        format!(
            "The \"{}\" alias is also being used on version {}. Adding it to this version will remove it from version {1}.",
            a.alias, a.version
        )
    })
    .collect()
}

#[component]
fn AliasForm(live: Live<VersionData>, open: RwSignal<bool>) -> impl IntoView {
    let node = focused_input();
    let (name, version, before, all) =
        live.data.with_untracked(|d| (d.version.name.clone(), d.version.version, d.own_aliases(), d.aliases.clone()));
    let chips = RwSignal::new(before.clone());
    let text = RwSignal::new(String::new());
    let typed = Memo::new(move |_| text.with(|t| t.trim().trim_start_matches('@').to_owned()));
    let problem = Memo::new(move |_| {
        let alias = typed.get();
        if alias.is_empty() { None } else { check_new_alias(&alias).err().map(|error| error.message) }
    });
    // What is typed counts as well: nobody has to press Enter before Save.
    let wanted = Memo::new(move |_| {
        let mut wanted = chips.get();
        let alias = typed.get();
        if !alias.is_empty() && !wanted.contains(&alias) {
            wanted.push(alias);
        }
        wanted
    });
    let add = move || {
        if problem.with_untracked(Option::is_none) {
            chips.set(wanted.get_untracked());
            text.set(String::new());
        }
    };
    let others = all.iter().filter(|a| a.version != version);
    let suggestions = others
        .map(|a| view! { <option value=a.alias.clone()>{format!("on version {}", a.version)}</option> })
        .collect_view();
    let warnings = Memo::new(move |_| wanted.with(|w| take_overs(w, &all, version)));
    let before = StoredValue::new(before);
    let changed = Memo::new(move |_| {
        wanted.with(|w| before.with_value(|b| w.len() != b.len() || w.iter().any(|alias| !b.contains(alias))))
    });
    let messages = messages();
    let save = Action::new(move |(): &()| {
        let work = save_aliases(name.clone(), version, wanted.get_untracked());
        async move {
            live.change(work).await?;
            messages.done("Aliases saved");
            open.set(false);
            UiResult::Ok(())
        }
    });
    let can_save = move || changed.get() && problem.with(Option::is_none) && !save.pending().get();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(can_save) {
            save.dispatch(());
        }
    };
    view! {
        <form on:submit=submit>
            <p class="muted">"Aliases allow you to assign a mutable, named reference to a particular model version."</p>
            <div class="row">
                <For each=move || chips.get() key=Clone::clone let:alias>
                    <span class="chip chip-alias">
                        "@"{alias.clone()}
                        <button type="button" class="icon-button small" aria-label=format!("Remove alias {alias}")
                            on:click=move |_| chips.update(|c| c.retain(|a| *a != alias))>
                            <Icon name=IconName::Cross/>
                        </button>
                    </span>
                </For>
            </div>
            <div class="field">
                <label for="new-alias">"New alias"</label>
                <div class="row">
                    <input id="new-alias" node_ref=node class="input grow" list="aliases-elsewhere" autocomplete="off" spellcheck="false"
                        placeholder="champion" aria-describedby="new-alias-problem"
                        aria-invalid=move || problem.with(Option::is_some).to_string()
                        prop:value=move || text.get()
                        on:input:target=move |e| text.set(e.target().value())
                        on:keydown=move |e| if e.key() == "Enter" && !typed.with_untracked(String::is_empty) {
                            e.prevent_default();
                            add();
                        }/>
                    <button type="button" class="button" disabled=move || typed.with(String::is_empty) || problem.with(Option::is_some)
                        on:click=move |_| add()>"Add"</button>
                </div>
                <datalist id="aliases-elsewhere">{suggestions}</datalist>
                <p id="new-alias-problem" class="error-note" aria-live="polite">{problem}</p>
            </div>
            <div aria-live="polite" class="stack">
                {move || warnings.get().into_iter().map(|text| view! { <p class="warn-note">{text}</p> }).collect_view()}
            </div>
            {move || save.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || !can_save()>"Save aliases"</button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_take_over_names_who_loses() {
        let all =
            [ModelAlias { alias: "champion".into(), version: 2 }, ModelAlias { alias: "shadow".into(), version: 5 }];
        let wanted = ["champion".to_owned(), "shadow".to_owned(), "new".to_owned()];
        assert_eq!(
            take_overs(&wanted, &all, 5),
            [
                "The \"champion\" alias is also being used on version 2. Adding it to this version will remove it from version 2."
            ]
        );
    }
}
