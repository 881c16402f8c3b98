//! Cells of the runs table.

use domain::Millis;
use leptos::either::EitherOf6;
use leptos::prelude::*;

use super::columns::Column;
use super::data::{Cell, ModelRef, Row};
use super::status::StatusIcon;
use crate::format;
use crate::ui::icon::{Icon, IconName};
use crate::ui::time::Time;
use crate::ui::url_encode;

/// The page of a run.
pub(crate) fn run_address(experiment_id: &str, run_id: &str) -> String {
    crate::ui::at(&format!("/experiments/{}/runs/{}", url_encode(experiment_id), url_encode(run_id)))
}

/// What stands in a cell: the server's answer, or what every row has.
pub(crate) fn cell_view(column: &Column, cell: Cell, row: &Row, experiment_id: &str) -> impl IntoView + use<> {
    match (column, cell) {
        (Column::Created, _) => EitherOf6::A(view! {
            <span class="cell-line">
                <StatusIcon status=row.status/>
                {(row.start > 0).then(|| view! { <Time millis=row.start short=true/> })}
            </span>
        }),
        (Column::Duration, _) => EitherOf6::B(took(row.start, row.end)),
        (_, Cell::Models(models)) => EitherOf6::C(view! { <Models models run=run_address(experiment_id, &row.id)/> }),
        (_, Cell::Dataset { name, digest, context, more }) => {
            let title = format!("{name} ({digest})");
            EitherOf6::D(view! {
                <span class="cell-line" title=title>
                    <Icon name=IconName::Dataset/>
                    <span class="cell-cut">{name}</span>
                    {context.map(|context| view! { <span class="chip">{context}</span> })}
                    {more_chip(more)}
                </span>
            })
        }
        (_, Cell::Number(value)) => {
            EitherOf6::E(view! { <span title=value.to_string()>{format::metric(value)}</span> })
        }
        (_, Cell::Text(text)) => EitherOf6::F(view! { <span title=text.clone()>{text.clone()}</span> }),
        (_, Cell::Long(text, title)) => EitherOf6::F(view! { <span title=title>{text}</span> }),
        (_, Cell::None) => EitherOf6::F(view! { <span title=String::new()>{"—".to_owned()}</span> }),
    }
}

/// How long a run took, if it has ended.
pub(crate) fn took(start: Millis, end: Option<Millis>) -> String {
    end.map_or_else(|| "—".to_owned(), |end| format::duration((end - start).max(0)))
}

#[component]
fn Models(models: Vec<ModelRef>, run: String) -> impl IntoView {
    let all: Vec<String> = models.iter().map(label).collect();
    let more = models.len().saturating_sub(1);
    models.into_iter().next().map(|model| {
        let (icon, address) = if let Some(version) = model.version {
            (IconName::Model, crate::ui::at(&format!("/models/{}/versions/{version}", url_encode(&model.name))))
        } else {
            (IconName::File, format!("{run}?artifact={}", url_encode(&model.name)))
        };
        view! {
            <span class="cell-line" title=all.join(", ")>
                <Icon name=icon/>
                <a class="link cell-cut" href=address aria-label=label(&model)>{model.name.clone()}</a>
                {model.version.map(|version| view! { <span class="chip chip-alias">{format!("v{version}")}</span> })}
                {more_chip(more)}
            </span>
        }
    })
}

fn label(model: &ModelRef) -> String {
    match model.version {
        Some(version) => format!("{} v{version}", model.name),
        None => model.name.clone(),
    }
}

fn more_chip(more: usize) -> Option<impl IntoView> {
    (more > 0).then(|| view! { <span class="chip">{format!("+{more}")}</span> })
}
