//! A bar and lines on a terminal.

use clap::builder::styling::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::human::{Screen, Tone};
use crate::{
    event::Bar,
    language::Language,
    plain_text::escape_line,
    render::{bar_text, stopped_bar_text},
};

/// A screen on a terminal: a bar at the bottom, and lines above the bar.
pub(super) struct Terminal {
    screen: MultiProgress,
    bar: Option<DrawnBar>,
    language: Language,
    has_color: bool,
}

struct DrawnBar {
    drawn: ProgressBar,
    /// The line that replaces the bar when the bar is removed.
    last: String,
}

/// Number of steps of the drawn bar.
const STEPS: u64 = 1_000;

/// A bar of 24 columns, with the bar's text cut to the width of the terminal.
const OF_TOTAL: &str = "{bar:24} {wide_msg}";
const WITHOUT_TOTAL: &str = "{wide_msg}";

impl Terminal {
    pub(super) fn new(target: ProgressDrawTarget, language: Language, has_color: bool) -> Self {
        Self { screen: MultiProgress::with_draw_target(target), bar: None, language, has_color }
    }

    fn show(&mut self, bar: &Bar) {
        let fraction = bar.fraction();
        let drawn = match self.bar.take() {
            Some(bar) => bar.drawn,
            None => self.screen.add(ProgressBar::new(STEPS)),
        };
        let template = if fraction.is_some() { OF_TOTAL } else { WITHOUT_TOTAL };
        let style = ProgressStyle::with_template(template).expect("the template is a constant");
        drawn.set_style(style);
        drawn.set_position((fraction.unwrap_or(0.0) * STEPS as f64) as u64);
        drawn.set_message(escape_line(&bar_text(&self.language, bar)).into_owned());
        let last = escape_line(&stopped_bar_text(&self.language, bar)).into_owned();
        self.bar = Some(DrawnBar { drawn, last });
    }

    /// Removes the bar, and writes its final text as a line.
    fn clear(&mut self) {
        if let Some(DrawnBar { drawn, last }) = self.bar.take() {
            drawn.finish_and_clear();
            self.screen.remove(&drawn);
            self.line(Tone::Plain, &last);
        }
    }

    fn style(&self, tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            _ if !self.has_color => style,
            Tone::Plain => style,
            Tone::Header => style.bold(),
            Tone::Warning => style.fg_color(Some(AnsiColor::Yellow.into())),
            Tone::Error => style.fg_color(Some(AnsiColor::Red.into())),
        }
    }
}

impl Screen for Terminal {
    fn line(&mut self, tone: Tone, line: &str) {
        let style = self.style(tone);
        // A closed terminal must not stop the operation.
        let _ = self.screen.println(format!("{style}{line}{style:#}"));
    }

    fn bar(&mut self, bar: Option<&Bar>) {
        match bar {
            Some(bar) => self.show(bar),
            None => self.clear(),
        }
    }
}
