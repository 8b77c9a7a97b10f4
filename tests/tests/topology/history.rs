//! What happened in a test of a crowd, in words and figures.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path, time::Duration};

use tokio::time::Instant;

use super::{
    crowd::Tally,
    job::Kind,
    ledger::Step,
    seen::{Close, Goodbye, Return, Seen},
    truth::Truth,
};

/// Over what time connections are counted together.
pub(crate) const BUCKET: Duration = Duration::from_millis(100);

/// What happened, and when.
#[derive(Debug)]
pub(crate) struct History {
    name: &'static str,
    begun_on: Instant,
    notes: Vec<(Duration, String)>,
    departures: Vec<Departure>,
}

/// A web process went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departure {
    pub(crate) web: usize,
    on: Instant,
    /// When the next one went, if any did.
    until: Option<Instant>,
}

impl History {
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, begun_on: Instant::now(), notes: Vec::new(), departures: Vec::new() }
    }

    pub(crate) fn note(&mut self, what: impl Into<String>) {
        self.notes.push((self.begun_on.elapsed(), what.into()));
    }

    pub(crate) fn web_goes(&mut self, web: usize) {
        let on = Instant::now();
        if let Some(last) = self.departures.last_mut() {
            last.until = Some(on);
        }
        self.departures.push(Departure { web, on, until: None });
    }

    pub(crate) fn departures(&self) -> &[Departure] {
        &self.departures
    }

    /// Everything as a text, which is kept where somebody wants to have it.
    pub(crate) fn tell(&self, tally: &Tally, seen: &[Seen], truth: &Truth) -> String {
        let text = self.text(tally, seen, truth).expect("a text has room for everything");
        if let Ok(folder) = env::var("LIVEOPS_TEST_HISTORIES") {
            let name = self.name.replace(' ', "-");
            fs::write(Path::new(&folder).join(format!("{name}.txt")), &text).unwrap();
        }
        text
    }

    fn text(&self, tally: &Tally, seen: &[Seen], truth: &Truth) -> Result<String, std::fmt::Error> {
        let mut text = format!("\n{}\n", self.name);
        for (at, what) in &self.notes {
            writeln!(text, "{:>7.1} s  {what}", at.as_secs_f64())?;
        }
        let sum = |count: fn(&Seen) -> usize| seen.iter().map(count).sum::<usize>();
        let steps = |is: fn(&Step) -> bool| truth.steps().filter(|step| is(step)).count();
        writeln!(
            text,
            "operations: {} started, {} with those they led to; {} executions, {} handed back, \
             {} rescued",
            tally.jobs().len(),
            truth.len(),
            steps(Step::is_claim),
            steps(Step::is_hand_back),
            steps(Step::is_rescue),
        )?;
        writeln!(
            text,
            "browsers: {} with {} pages, {} connected at once; {} frames, {} of them old, {} pings",
            seen.len(),
            sum(|seen| seen.tabs.len() + seen.left.len()),
            tally.connected_max(),
            sum(|seen| seen.frames),
            sum(|seen| seen.old_frames),
            sum(|seen| seen.pings),
        )?;
        let mut catch_ups: BTreeMap<&str, usize> = BTreeMap::new();
        for (kind, count) in seen.iter().flat_map(|seen| &seen.catch_ups) {
            *catch_ups.entry(kind).or_default() += count;
        }
        writeln!(text, "catch-ups: {catch_ups:?}")?;
        let mut codes: BTreeMap<Option<u16>, usize> = BTreeMap::new();
        for close in seen.iter().flat_map(|seen| &seen.closes) {
            *codes.entry(close.code()).or_default() += 1;
        }
        let code =
            |code: Option<u16>| code.map_or("no goodbye".to_owned(), |code| code.to_string());
        let codes = codes.into_iter().map(|(of, count)| format!("{count} with {}", code(of)));
        writeln!(
            text,
            "connections that ended: {}; {} refused; tokens renewed {} times; {} requests unanswered",
            codes.collect::<Vec<_>>().join(", "),
            sum(|seen| seen.refusals),
            sum(|seen| seen.renewals),
            // Those of one user are counted together.
            seen.iter().map(|seen| seen.unanswered).max().unwrap_or_default(),
        )?;
        let closes = seen.iter().flat_map(|seen| &seen.closes);
        let mut unsaid: BTreeMap<String, usize> = BTreeMap::new();
        for close in closes {
            if let Goodbye::Unsaid(what) = &close.goodbye {
                *unsaid.entry(what.clone()).or_default() += 1;
            }
        }
        for (what, count) in unsaid {
            writeln!(text, "  instead of a goodbye {count} times: {what}")?;
        }
        for departure in &self.departures {
            departure.tell(self.begun_on, seen, &mut text)?;
        }
        let quick =
            seen.iter().flat_map(|seen| &seen.tabs).filter(|tab| tab.job.kind() == Kind::Quick);
        let waits = quick.filter_map(|tab| Some(tab.ended_on? - tab.asked_on)).collect();
        writeln!(
            text,
            "from asking for a quick operation to its end on a page: {}",
            spread(waits)
        )?;
        Ok(text)
    }
}

impl Departure {
    /// The connections that ended with it.
    pub(crate) fn closes<'a>(&self, seen: &'a [Seen]) -> Vec<&'a Close> {
        let closes = seen.iter().flat_map(|seen| &seen.closes);
        closes.filter(|close| close.web == self.web && self.is_of(close.on)).collect()
    }

    /// The browsers that were back after it.
    pub(crate) fn returns<'a>(&self, seen: &'a [Seen]) -> Vec<&'a Return> {
        let returns = seen.iter().flat_map(|seen| &seen.returns);
        returns.filter(|back| self.is_of(back.connected_on)).collect()
    }

    fn is_of(&self, moment: Instant) -> bool {
        moment >= self.on && self.until.is_none_or(|until| moment < until)
    }

    fn tell(&self, begun_on: Instant, seen: &[Seen], text: &mut String) -> std::fmt::Result {
        let (closes, returns) = (self.closes(seen), self.returns(seen));
        let closed = buckets(closes.iter().map(|close| close.on));
        let back = buckets(returns.iter().map(|back| back.connected_on));
        writeln!(
            text,
            "web {} went at {:.1} s: {} connections ended, {} browsers came back, which took {}",
            self.web,
            (self.on - begun_on).as_secs_f64(),
            closes.len(),
            returns.len(),
            spread(returns.iter().map(|back| back.away).collect()),
        )?;
        writeln!(text, "  ended in each 100 ms: {}", in_a_row(&closed))?;
        writeln!(text, "  came back in each 100 ms: {}", in_a_row(&back))
    }
}

/// How many moments are in each bucket, from the first to the last.
pub(crate) fn buckets(moments: impl Iterator<Item = Instant>) -> Vec<usize> {
    let moments: Vec<Instant> = moments.collect();
    let Some(first) = moments.iter().min() else { return Vec::new() };
    let mut buckets = Vec::new();
    for moment in &moments {
        let bucket = ((*moment - *first).as_millis() / BUCKET.as_millis()) as usize;
        buckets.resize(buckets.len().max(bucket + 1), 0);
        buckets[bucket] += 1;
    }
    buckets
}

/// The numbers, with what is left when there are too many to be read.
fn in_a_row(buckets: &[usize]) -> String {
    const SHOWN_MAX: usize = 60;
    let shown = &buckets[..buckets.len().min(SHOWN_MAX)];
    let mut text = shown.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let rest: usize = buckets[shown.len()..].iter().sum();
    if rest > 0 {
        text.push_str(&format!(" and {rest} later"));
    }
    text
}

fn spread(mut durations: Vec<Duration>) -> String {
    durations.sort();
    let share = |percent: usize| durations.get((durations.len().max(1) - 1) * percent / 100);
    let ms = |percent| share(percent).map_or(0, Duration::as_millis);
    format!(
        "{} ms in half of {} cases, {} ms in 99 %, {} ms at most",
        ms(50),
        durations.len(),
        ms(99),
        ms(100)
    )
}
