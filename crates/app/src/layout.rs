//! The frame around every page: top bar, tabs, theme switch; and the page for what is not there.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::use_location;

use crate::error::{UiError, set_status};
use crate::ui::icon::{Icon, IconName};
use crate::ui::menu::Menu;

/// Top bar and, below it, the page.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    view! {
        <a class="skip-link" href="#main">"Skip to content"</a>
        <header class="topbar">
            <A href=crate::ui::at("/experiments") attr:class="brand">
                <img src=crate::ui::at("/favicon.svg") alt="" width="22" height="22"/>
                <span>"Ferroflow"</span>
            </A>
            <nav aria-label="Main" class="flex h-full">
                <Tab href=crate::ui::at("/experiments") label="Experiments"/>
                <Tab href=crate::ui::at("/models") label="Models"/>
            </nav>
            <div class="ml-auto flex h-full items-center gap-1">
                <Settings/>
                <ThemeSwitch/>
            </div>
        </header>
        <main id="main" tabindex="-1">
            <Outlet/>
        </main>
    }
}

#[component]
fn Tab(href: String, label: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    let current = {
        let href = href.clone();
        move || path.with(|p| p.starts_with(&href)).then_some("page")
    };
    view! {
        <a class="tab" href=href aria-current=current>{label}</a>
    }
}

/// The pages beside the daily work: webhooks, what was deleted, and the space that it takes.
#[component]
fn Settings() -> impl IntoView {
    let item = |path: &str, label: &'static str, about: &'static str| {
        view! {
            <li>
                <a class="menu-item" href=crate::ui::at(path)>
                    <span><span class="block">{label}</span><span class="block muted small">{about}</span></span>
                </a>
            </li>
        }
    };
    view! {
        <Menu class="tab settings-button" name="Settings" label=|| view! { <Icon name=IconName::Settings/><span class="max-sm:hidden">"Settings"</span> }>
            <ul class="menu-list settings-menu">
                {item("/webhooks", "Webhooks", "Tell other services of changes in the registry")}
                {item("/experiments?state=deleted", "Deleted experiments", "See and restore them")}
                {item("/models?view=deleted", "Deleted models", "See and restore them")}
                {item("/settings/storage", "Storage", "Space that deleted things take, and its removal")}
            </ul>
        </Menu>
    }
}

/// Light, dark, or as the system has it; remembered in this browser.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let toggle = move |_| {
        if let Some(root) = document().document_element() {
            let dark = root.get_attribute("data-theme").as_deref() == Some("dark");
            let next = if dark { "light" } else { "dark" };
            // Setting an attribute of an element that is there can't fail; storage may be forbidden, then the choice
            // lasts as long as the page.
            drop(root.set_attribute("data-theme", next));
            if let Ok(Some(storage)) = window().local_storage() {
                drop(storage.set_item("ferroflow-theme", next));
            }
        }
    };
    view! {
        <button type="button" class="icon-button on-bar" aria-label="Switch between light and dark" title="Light or dark" on:click=toggle>
            <Icon name=IconName::Theme/>
        </button>
    }
}

/// A page for an address that leads nowhere.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    let error = UiError(domain::Error::not_found("There is no page at this address."));
    view! { <ErrorPage error/> }
}

/// A whole page that says what went wrong, in place of what was asked for.
#[component]
pub(crate) fn ErrorPage(error: UiError) -> impl IntoView {
    set_status(&error);
    let title = if error.is_not_found() { "Not found" } else { "Something went wrong" };
    view! {
        <Title text=title/>
        <div class="page-error" role="alert">
            <h1>{title}</h1>
            <p>{error.to_string()}</p>
            <p><a class="link" href=crate::ui::at("/experiments")>"Go to Experiments"</a>" · "<a class="link" href=crate::ui::at("/models")>"Go to Models"</a></p>
        </div>
    }
}
