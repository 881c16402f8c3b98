//! One version of a registered model.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::code::UseThisVersion;
use super::data::{
    Described, FilePart, VersionData, change_version_tag, describe_version, load_either, load_file, load_version,
};
use super::facts::{Facts, RunNumbers};
use super::remove::DeleteVersion;
use crate::artifacts::{ArtifactBrowser, Owner};
use crate::error::UiResult;
use crate::layout::ErrorPage;
use crate::registered_models::{
    GonePage, HistorySection, Query, RegistryBreadcrumb, Remains, model_href, use_query, version_href,
};
use crate::ui::empty::ErrorNote;
use crate::ui::head::ActionButton;
use crate::ui::icon::IconName;
use crate::ui::live::Live;
use crate::ui::load::{Loading, load, load_part};
use crate::ui::markdown::Description;
use crate::ui::schema::Schema;
use crate::ui::tags::{TagEditor, change_tag};
use crate::ui::toast::messages;

/// One version.
#[component]
pub(crate) fn VersionPage() -> impl IntoView {
    let params = use_params_map();
    let asked =
        Memo::new(move |_| params.with(|p| (p.get("name").unwrap_or_default(), p.get("version").unwrap_or_default())));
    let query = use_query();
    let restored = RwSignal::new(0_u32);
    let history = Memo::new(move |_| query.with(|q| q.get("history").map(str::to_owned)));
    let version = load(
        move || (asked.get(), history.get(), restored.get()),
        |((name, version), history, _)| load_either(name, version, history),
    );
    let file = load_part(move || asked.get(), |(name, version)| load_file(name, version));
    let owner = Memo::new(move |_| {
        let (name, version) = asked.get();
        Owner::Version { name, version }
    });
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match version.await {
                    Ok(Remains::InUse(data)) => view! { <Body data=*data file query=query.get_untracked()/> }.into_any(),
                    Ok(Remains::Deleted(gone)) => {
                        let (name, version) = asked.get_untracked();
                        let path = format!("{}/versions/{version}", model_href(&name));
                        view! { <GonePage gone query=query.get_untracked() path on_restored=Callback::new(move |()| restored.update(|n| *n += 1))/> }.into_any()
                    }
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
        <ArtifactBrowser owner/>
    }
}

/// What is known of a version's file, once the browser has it.
fn described(file: FilePart) -> RwSignal<Option<Described>> {
    let described = RwSignal::new(None);
    Effect::new(move |_| described.set(file.get().flatten().and_then(Result::ok)));
    described
}

#[component]
fn Body(data: VersionData, file: FilePart, query: Query) -> impl IntoView {
    let (name, number) = (data.version.name.clone(), data.version.version);
    let run = data.run.clone();
    let described = described(file);
    let live = Live::new(data, {
        let (name, history) = (name.clone(), query.get("history").map(str::to_owned));
        move || load_version(name.clone(), number.to_string(), history.clone())
    });
    let data = live.data;
    let key = StoredValue::new(name.clone());
    let messages = messages();
    let describe = Action::new(move |text: &String| {
        let work = describe_version(key.get_value(), number, text.clone());
        async move {
            live.change(work).await?;
            messages.done("Description saved");
            UiResult::Ok(())
        }
    });
    let change = change_tag(move |change| live.change(change_version_tag(key.get_value(), number, change)));
    let deleting = RwSignal::new(false);
    view! {
        <Title text=format!("{name} version {number}")/>
        <RegistryBreadcrumb model=name.clone()/>
        <div class="page-head">
            <h1>"Version "{number}</h1>
            <div class="page-actions">
                <ActionButton icon=IconName::Delete label="Delete" on_press=Callback::new(move |()| deleting.set(true))/>
            </div>
        </div>
        <Facts live described/>
        <div class="grid grid-cols-1 gap-x-8 lg:grid-cols-2">
            <div class="min-w-0">
                <Description value=Signal::derive(move || data.with(|d| d.description.clone())) save=describe
                    placeholder="No description yet. Say what is special about this version."/>
                <TagEditor tags=Signal::derive(move || data.with(|d| d.version.tags.clone())) change/>
                <section class="section" aria-label="Schema">
                    <h2 class="section-title">"Schema"</h2>
                    <Transition fallback=Loading>
                        {move || Suspend::new(async move {
                            match file.await {
                                None => Loading().into_any(),
                                Some(Ok(d)) => view! { <Schema signature=d.file.and_then(|f| f.signature)/> }.into_any(),
                                Some(Err(error)) => view! { <ErrorNote error/> }.into_any(),
                            }
                        })}
                    </Transition>
                </section>
            </div>
            <div class="min-w-0">
                <UseThisVersion data=data.into()/>
                <RunNumbers run/>
            </div>
        </div>
        <HistorySection name=name.clone() history=Signal::derive(move || data.with(|d| d.history.clone())) query
            path=version_href(&name, number) of_model=false/>
        <DeleteVersion open=deleting data/>
    }
}
