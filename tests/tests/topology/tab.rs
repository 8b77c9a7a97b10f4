use tokio::time::Instant;

use super::{
    cursor::Cursor,
    job::{Job, Kind},
    markup::by_id,
    page::Page,
    wire::{Chain, Frame},
};

/// An open page of one operation, which keeps itself up to date as liveops.js does.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) job: Job,
    pub(crate) channel: String,
    pub(crate) id: String,
    /// Where its page is.
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) cursor: Option<String>,
    pub(crate) page: Page,
    /// Whether the server has brought it up to date, over the connection there is now.
    pub(crate) is_followed: bool,
    /// Whether the operation had ended when the page was opened, so that nothing is to come.
    pub(crate) was_over: bool,
    finished: bool,
    /// Whether it counts among the pages that show an end.
    pub(crate) is_counted: bool,
    /// How often the end was news.
    pub(crate) finishes: usize,
    /// The operation was asked for.
    pub(crate) asked_on: Instant,
    /// The page showed the end.
    pub(crate) ended_on: Option<Instant>,
    /// What must not happen to a page, and did.
    pub(crate) wrongs: Vec<String>,
}

/// What a frame leads to.
#[derive(Debug)]
pub(crate) enum Effect {
    /// It was old.
    Nothing,
    /// The page is now where the frame is.
    Shown,
    /// Another operation takes the place of this one.
    Replaced(Box<Tab>),
}

const TERMINAL: [&str; 3] = ["FINISHED_OK", "FINISHED_ERROR", "CANCELLED"];

fn is_terminal(state: &str) -> bool {
    TERMINAL.contains(&state)
}

impl Tab {
    /// A page as it was loaded, or as it came with the frame of a chain.
    pub(crate) fn open(job: Job, id: &str, path: &str, html: &str, asked_on: Instant) -> Self {
        let container = by_id(html, &format!("op-{id}"));
        let container = container.unwrap_or_else(|| panic!("no container of {id} in {html}"));
        let state = container.attribute("data-liveop-state").unwrap();
        let is_over = is_terminal(&state);
        Self {
            job,
            channel: container.attribute("data-liveop-channel").unwrap(),
            id: id.to_owned(),
            path: path.to_owned(),
            token: container.attribute("data-liveop-token").unwrap_or_default(),
            cursor: container.attribute("data-liveop-cursor"),
            page: Page::of_container(id, container.outer),
            is_followed: false,
            was_over: is_over,
            finished: is_over,
            is_counted: false,
            finishes: 0,
            asked_on,
            ended_on: is_over.then(Instant::now),
            wrongs: Vec::new(),
        }
    }

    pub(crate) fn receive(&mut self, frame: Frame) -> Effect {
        let place: Option<Cursor> = frame.cursor.as_deref().map(|place| place.parse().unwrap());
        let here: Option<Cursor> = self.cursor.as_deref().map(|place| place.parse().unwrap());
        if let (Some(here), Some(place)) = (&here, &place) {
            if self.is_followed && here.has_seen(place) {
                return Effect::Nothing;
            }
            if here.is_ahead_of(place) {
                self.wrong(format!("went back from {here:?} to {place:?}"));
            }
        }
        if let (Some(chain), Some(html)) = (&frame.liveop_chain, &frame.liveop_html) {
            return Effect::Replaced(Box::new(self.next(chain, html)));
        }
        if let Some(html) = &frame.liveop_html {
            let was_over = is_terminal(&self.page.state());
            self.page.apply(html);
            let state = self.page.state();
            if was_over && !is_terminal(&state) {
                self.wrong(format!("was over, and is {state} again"));
            }
        }
        if frame.cursor.is_some() {
            self.cursor = frame.cursor;
        }
        if let Some(finished) = &frame.liveop_finished {
            let state = self.page.state();
            if state != finished.state {
                self.wrong(format!("shows {state}, and is told that it is {}", finished.state));
            }
            if !self.finished {
                self.finished = true;
                self.finishes += 1;
                self.ended_on = Some(Instant::now());
            }
        }
        Effect::Shown
    }

    fn next(&self, chain: &Chain, html: &str) -> Self {
        let mut next = Self::open(self.job, &chain.pk, &chain.url, html, self.asked_on);
        assert_eq!(next.channel, chain.channel);
        next.token.clone_from(&chain.token);
        next
    }

    /// Whether nothing more is to come.
    pub(crate) fn is_over(&self) -> bool {
        let leads_on = self.job.kind() == Kind::Chain
            && self.path.contains(Kind::Chain.op_type())
            && self.page.state() == "FINISHED_OK";
        self.finished && (self.was_over || !leads_on)
    }

    fn wrong(&mut self, what: String) {
        self.wrongs.push(format!("the page of {}: {what}", self.id));
    }
}
