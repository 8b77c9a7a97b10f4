use std::thread::available_parallelism;

use crate::{
    figure::Figure,
    figures::{Figures, middle},
    options::Options,
    script::Scripts,
    server::Kind,
};

/// Everything that was measured, as Markdown.
pub(crate) fn markdown(figures: &Figures, options: &Options, scripts: &Scripts) -> String {
    let Options { clients, hz, seconds, rounds, .. } = options;
    let cores = available_parallelism().map_or(0, usize::from);
    let frame = scripts.plain.script.frame.len();
    let greeting = scripts.long.script.greeting_bytes() >> 10;
    let rows: String = Figure::ALL.map(|figure| row(figures, figure)).concat();
    format!(
        "\
{clients} clients of one operation at {hz} updates/s, frames of {frame} bytes, windows of {seconds} s, \
{rounds} rounds; a long log is
one whose snapshot has {greeting} KiB. Servers and clients shared {cores} cores.

| {title:TITLE_WIDTH$} |    liveops |  bare axum | ratio (rounds)     | goal   |
|-{rule:-<TITLE_WIDTH$}-|-----------:|-----------:|-------------------:|-------:|
{rows}",
        title = "",
        rule = "",
    )
}

const TITLE_WIDTH: usize = 39;

fn row(figures: &Figures, figure: Figure) -> String {
    let ratios = figures.ratios(figure);
    let range = match (ratios.first(), ratios.last()) {
        (Some(low), Some(high)) => format!("{:.2} ({low:.2}–{high:.2})", middle(&ratios)),
        _ => String::new(),
    };
    format!(
        "| {:TITLE_WIDTH$} | {:>10} | {:>10} | {range:>18} | {:>6} |\n",
        figure.title(),
        number(figures.of(Kind::Live, figure)),
        number(figures.of(Kind::Bare, figure)),
        figure.goal().map(|goal| goal.to_string()).unwrap_or_default(),
    )
}

/// With three digits that count.
fn number(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
