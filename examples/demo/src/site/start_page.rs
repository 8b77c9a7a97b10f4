//! The start page: a form for each operation.

use axum::extract::State;
use liveops::{
    LiveOperation,
    form::HasForm,
    render::{FormView, Renderer},
};
use maud::{Markup, html};

use super::{CurrentUser, Site};
use crate::{
    operations::{
        BlockingTask, ChainStart, DemoImport, DurableTask, EchoTask, EndlessTask, FailingTask,
        FlakyTask, FloodTask, HookTask, PanickingTask, QuickTask, RedirectingTask, ScoreImport,
    },
    sample,
};

pub(super) const TITLE: &str = "Start";

pub(super) async fn show(State(site): State<Site>, user: CurrentUser) -> Markup {
    let renderer = site.liveops.renderer();
    let body = html! {
        h1 { "Start an operation" }
        p class="liveops-lead" {
            "Each form starts one and takes you to its page, where you can watch it, cancel it and "
            "run it again. What you started is in the list of "
            a href={ (site.liveops.mount()) "/" } { "operations" } "."
        }
        h2 { "Imports" }
        div class="liveops-cards" {
            (titled(ScoreImport::TITLE, &renderer.form::<ScoreImport>().submit("Import the file")))
            (sample_card(renderer))
            (card::<DemoImport>(renderer))
        }
        h2 { "How an operation can go" }
        div class="liveops-cards" {
            (card::<QuickTask>(renderer))
            (card::<FailingTask>(renderer))
            (card::<PanickingTask>(renderer))
            (card::<ChainStart>(renderer))
            (card::<RedirectingTask>(renderer))
            (card::<EndlessTask>(renderer))
            (card::<HookTask>(renderer))
        }
        h2 { "More than one attempt" }
        div class="liveops-cards" {
            (card::<FlakyTask>(renderer))
            (card::<DurableTask>(renderer))
        }
        h2 { "Under load" }
        div class="liveops-cards" {
            (card::<FloodTask>(renderer))
            (card::<EchoTask>(renderer))
            (card::<BlockingTask>(renderer))
        }
    };
    renderer.page(TITLE, &user.id(), body)
}

/// An operation with its form, which liveops generates from the struct.
fn card<Op: HasForm>(renderer: &Renderer) -> Markup {
    titled(Op::TITLE, &renderer.form::<Op>())
}

fn sample_card(renderer: &Renderer) -> Markup {
    let form = renderer
        .form::<ScoreImport>()
        .id("sample")
        .hidden("file", sample::FILE_NAME)
        .submit("Use the sample file (20,000 rows)");
    titled("Score import: a sample with a few mistakes in it", &form)
}

fn titled(title: &str, form: &FormView) -> Markup {
    html! {
        div class="liveops-card" {
            h3 { (title) }
            p { (form.intro()) }
            (form)
        }
    }
}
