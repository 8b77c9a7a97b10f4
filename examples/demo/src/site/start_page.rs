use axum::extract::State;
use liveops::LiveOperation;
use maud::{Markup, html};

use super::{CurrentUser, Site};
use crate::{
    operations::{
        ChainStart, DemoImport, DurableTask, EchoTask, EndlessTask, FailingTask, FlakyTask,
        FloodTask, MESSAGE, NOTE, PanickingTask, QuickTask, RedirectingTask, ScoreImport,
    },
    sample,
};

pub(super) const TITLE: &str = "Start";

/// How long an import rests after each batch for somebody who wants to watch.
const SLOW_MS: u64 = 250;

pub(super) async fn show(State(site): State<Site>, user: CurrentUser) -> Markup {
    let forms = Forms { mount: site.liveops.mount() };
    let body = html! {
        h1 { "Start an operation" }
        p class="liveops-lead" {
            "Each form starts one and takes you to its page, where you can watch it, cancel it and "
            "run it again. What you started is in the list of "
            a href={ (site.liveops.mount()) "/" } { "operations" } "."
        }
        h2 { "Imports" }
        div class="liveops-cards" {
            (forms.score_import())
            (forms.card::<DemoImport>(
                "Five make-believe stages, with everything an operation can show.",
                html! {
                    (text("label", "Label", "Demo"))
                    (number("pace_ms", "Milliseconds an item", 60, 0, 5_000))
                },
            ))
        }
        h2 { "How an operation can go" }
        div class="liveops-cards" {
            (forms.card::<QuickTask>("Finishes at once.", html! {}))
            (forms.card::<FailingTask>(
                "Fails, and tells you why.",
                text("message", "Message", MESSAGE),
            ))
            (forms.card::<PanickingTask>(
                "Panics. You read a number to tell support; staff find out why.",
                html! {},
            ))
            (forms.card::<ChainStart>(
                "Hands over to a second operation, without leaving the page.",
                text("note", "Note to hand over", NOTE),
            ))
            (forms.card::<RedirectingTask>("Sends you to another page when it is done.", html! {}))
            (forms.card::<EndlessTask>("Runs until you cancel it.", html! {}))
        }
        h2 { "More than one attempt" }
        div class="liveops-cards" {
            (forms.card::<FlakyTask>(
                "Fails a few times before it succeeds. It has five attempts.",
                number("failures", "Failures", 2, 0, 1_000),
            ))
            (forms.card::<DurableTask>(
                "Three stages that are done once, however often it is interrupted.",
                html! {
                    (number("seconds", "Seconds a stage", 3, 0, 600))
                    (number("fail_at", "Stage that fails at first", 0, 0, 3))
                },
            ))
        }
        h2 { "Under load" }
        div class="liveops-cards" {
            (forms.card::<FloodTask>(
                "Reports as fast as it can.",
                html! {
                    (number("ticks", "Ticks", 200_000, 0, 100_000_000))
                    (number("lines", "Log lines", 2_000, 0, 1_000_000))
                },
            ))
            (forms.card::<EchoTask>(
                "Sends its status at a fixed rate, with the time it was sent.",
                html! {
                    (text("status", "Status", "echo"))
                    (number("hz", "Times a second", 10, 1, 1_000))
                    (number("seconds", "Seconds", 10, 1, 3_600))
                },
            ))
        }
    };
    site.liveops.renderer().page(TITLE, &user.id(), body)
}

/// The forms, which lead to the liveops router.
struct Forms<'a> {
    mount: &'a str,
}

impl Forms<'_> {
    fn action<Op: LiveOperation>(&self) -> String {
        format!("{}/{}/", self.mount, Op::OP_TYPE)
    }

    fn card<Op: LiveOperation>(&self, description: &str, fields: Markup) -> Markup {
        html! {
            div class="liveops-card" {
                h3 { (Op::TITLE) }
                p { (description) }
                form method="post" action=(self.action::<Op>()) {
                    (fields)
                    button type="submit" { "Start" }
                }
            }
        }
    }

    fn score_import(&self) -> Markup {
        let action = self.action::<ScoreImport>();
        html! {
            div class="liveops-card" {
                h3 { (ScoreImport::TITLE) }
                p { "Reads a CSV file of " code { "student,course,score" } " into the database." }
                form method="post" action=(action) enctype="multipart/form-data" {
                    label { "CSV file" input type="file" name="file" accept=".csv,text/csv" required; }
                    (pace())
                    button type="submit" { "Import the file" }
                }
            }
            div class="liveops-card" {
                h3 { (ScoreImport::TITLE) ": a sample" }
                p { "The same with a file that is here already, and has a few mistakes in it." }
                form method="post" action=(action) enctype="multipart/form-data" {
                    input type="hidden" name="file" value=(sample::FILE_NAME);
                    (pace())
                    button type="submit" { "Use the sample file (20,000 rows)" }
                }
            }
        }
    }
}

fn pace() -> Markup {
    html! {
        label {
            "Pace"
            select name="pace_ms" {
                option value="0" { "As fast as it can" }
                option value=(SLOW_MS) { "Slowly, to watch" }
            }
        }
    }
}

fn text(name: &str, label: &str, example: &str) -> Markup {
    html! { label { (label) input name=(name) placeholder=(example) maxlength="200"; } }
}

fn number(name: &str, label: &str, default: u64, min: u64, max: u64) -> Markup {
    html! {
        label {
            (label)
            input type="number" name=(name) placeholder=(default) min=(min) max=(max);
        }
    }
}
