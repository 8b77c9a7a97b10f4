//! The rules for the execution of operations.

use std::time::Duration;

use syn::{LitStr, Path};

use crate::{
    attr::{self, Keys, RawUnique, Whole},
    errors::Errors,
    suggest::{listed, similar},
};

/// The maximum of these numbers, which the database stores in 32 bits with a sign.
const NUMBER_MAX: u32 = i32::MAX as u32;

const UNITS: &[&str] =
    &["ms", "s", "sec", "seconds", "m", "min", "minutes", "h", "hours", "d", "days", "weeks"];

const CANCEL: &[&str] = &["cooperative", "abort"];

const ON_SHUTDOWN: &[&str] = &["interrupt", "requeue"];

const UNIQUE: &[&str] = &["input", "owner"];

/// The execution policy, as far as it was given.
pub(crate) struct Policy {
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<i32>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) cancel: Option<CancelMode>,
    /// `true` to put an interrupted run back into the queue.
    pub(crate) requeue_on_shutdown: Option<bool>,
    pub(crate) version: Option<u32>,
    pub(crate) unique: Option<Unique>,
}

/// The shortest and the longest wait before another attempt.
#[derive(Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

#[derive(Clone, Copy)]
pub(crate) enum CancelMode {
    Cooperative,
    Abort,
}

/// The rule for duplicates.
pub(crate) enum Unique {
    Input,
    Owner,
    By(Path),
}

pub(super) fn check(keys: &Keys, errors: &mut Errors) -> Policy {
    let attempts = "write the maximum number of attempts, such as `max_attempts = 3`";
    Policy {
        queue: keys.queue.as_ref().and_then(|given| queue(given, errors)),
        priority: keys.priority.as_ref().and_then(|given| priority(given, errors)),
        max_attempts: keys
            .max_attempts
            .as_ref()
            .and_then(|given| count("max_attempts", attempts, given, errors)),
        backoff: keys.backoff.as_ref().and_then(|given| backoff(given, errors)),
        timeout: keys.timeout.as_ref().and_then(|given| timeout(given, errors)),
        cancel: keys.cancel.as_ref().and_then(|given| cancel(given, errors)),
        requeue_on_shutdown: keys
            .on_shutdown
            .as_ref()
            .and_then(|given| requeue_on_shutdown(given, errors)),
        version: keys.version.as_ref().and_then(|given| version(given, errors)),
        unique: keys.unique.as_ref().and_then(|given| unique(given, errors)),
    }
}

/// Checks the version of an input.
pub(super) fn version(given: &Whole, errors: &mut Errors) -> Option<u32> {
    count("version", "write `version = 2` for the second shape of the input", given, errors)
}

fn queue(given: &LitStr, errors: &mut Errors) -> Option<String> {
    let name = given.value();
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
    if !is_name {
        errors.at(
            given,
            format!(
                "`queue` cannot be `{}`: it must start with a letter and consist of `a-z`, `0-9`, \
                 `_` and `-`\n\
                 help: write a name, such as `queue = \"imports\"`",
                name.escape_debug()
            ),
        );
        return None;
    }
    Some(name)
}

fn priority(given: &Whole, errors: &mut Errors) -> Option<i32> {
    let parsed = given.parse();
    if parsed.is_none() {
        errors.at(
            given,
            format!(
                "`priority` must be a whole number from {} to {}, found `{given}`\n\
                 help: write `priority = 10` to start before others, `priority = -10` to start after others",
                i32::MIN,
                i32::MAX
            ),
        );
    }
    parsed
}

/// Checks a number of at least 1.
fn count(key: &str, help: &str, given: &Whole, errors: &mut Errors) -> Option<u32> {
    let parsed = given.parse().filter(|count| (1..=NUMBER_MAX).contains(count));
    if parsed.is_none() {
        errors.at(
            given,
            format!(
                "`{key}` must be a whole number from 1 to {NUMBER_MAX}, found `{given}`\nhelp: {help}"
            ),
        );
    }
    parsed
}

fn timeout(given: &attr::Duration, errors: &mut Errors) -> Option<Duration> {
    let attr::Duration(literal) = given;
    match duration(&literal.value()) {
        Ok(length) => Some(length),
        Err(flaw) => {
            errors.at(literal, format!("`timeout` {flaw}\nhelp: write `timeout = \"10 min\"`"));
            None
        }
    }
}

fn backoff(given: &attr::Duration, errors: &mut Errors) -> Option<Backoff> {
    let attr::Duration(literal) = given;
    let text = literal.value();
    let (first, longest) = text.split_once("..").unwrap_or((&text, &text));
    let read = if first.trim().is_empty() != longest.trim().is_empty() {
        Err("needs a duration on both sides of `..`".to_owned())
    } else {
        duration(first).and_then(|first| Ok((first, duration(longest)?)))
    };
    let ordered = read.and_then(|(first, longest)| {
        if first <= longest {
            Ok(Backoff { first, longest })
        } else {
            Err("must not end with a shorter duration than it starts with".to_owned())
        }
    });
    ordered
        .map_err(|flaw| {
            errors.at(
                literal,
                format!(
                    "`backoff` {flaw}\n\
                 help: write `backoff = \"30 s\"` for the same wait every time, or \
                 `backoff = \"10 s..1 h\"` for a wait that doubles from the first to the longest"
                ),
            );
        })
        .ok()
}

/// Maximum of every duration of an operation, as in liveops, which checks the durations that are set when an
/// operation is enqueued.
const DURATION_MAX: Duration = Duration::from_secs(36_600 * 24 * 60 * 60);

/// Parses a duration, or returns the flaw of its text.
fn duration(text: &str) -> Result<Duration, String> {
    use humantime::DurationError::{Empty, InvalidCharacter, NumberExpected, UnknownUnit};

    let text = text.trim();
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be greater than zero".to_owned()),
        Ok(length) if length.subsec_nanos() % 1_000_000 != 0 => {
            Err("must be in whole milliseconds".to_owned())
        }
        Ok(length) if length > DURATION_MAX => {
            Err(format!("is too long, found `{text}`\nnote: the maximum is 36600 days"))
        }
        Ok(length) => Ok(length),
        Err(Empty) => Err("is empty".to_owned()),
        Err(UnknownUnit { unit, value, .. }) if unit.is_empty() => {
            Err(format!("has no unit, found `{value}`\nnote: the units are {}", listed(UNITS)))
        }
        Err(UnknownUnit { unit, .. }) => {
            let meant = similar(&unit, UNITS)
                .map(|known| format!("\nhelp: did you mean `{known}`?"))
                .unwrap_or_default();
            Err(format!(
                "has the unknown unit `{unit}`{meant}\nnote: the units are {}",
                listed(UNITS)
            ))
        }
        Err(NumberExpected(_) | InvalidCharacter(_)) => {
            Err(format!("must be a number with a unit, found `{}`", text.escape_debug()))
        }
        Err(_) => Err(format!("is too long, found `{text}`")),
    }
}

fn cancel(given: &LitStr, errors: &mut Errors) -> Option<CancelMode> {
    match given.value().as_str() {
        "cooperative" => Some(CancelMode::Cooperative),
        "abort" => Some(CancelMode::Abort),
        found => {
            errors.at(given, unknown_word("cancel", found, CANCEL, ""));
            None
        }
    }
}

fn requeue_on_shutdown(given: &LitStr, errors: &mut Errors) -> Option<bool> {
    match given.value().as_str() {
        "interrupt" => Some(false),
        "requeue" => Some(true),
        found => {
            errors.at(given, unknown_word("on_shutdown", found, ON_SHUTDOWN, ""));
            None
        }
    }
}

fn unique(given: &RawUnique, errors: &mut Errors) -> Option<Unique> {
    match given {
        RawUnique::Word(word) => match word.value().as_str() {
            "input" => Some(Unique::Input),
            "owner" => Some(Unique::Owner),
            found => {
                let or = ", or the path of a function that takes the operation and returns a \
                          `String`, without quotes";
                errors.at(word, unknown_word("unique", found, UNIQUE, or));
                None
            }
        },
        RawUnique::Function(path) => {
            let word = path.get_ident().map(ToString::to_string).unwrap_or_default();
            if UNIQUE.contains(&&*word) {
                errors.at(
                    path,
                    format!(
                        "`unique` expects `{word}` in quotes, because without quotes it names a function\n\
                         help: write `unique = \"{word}\"`"
                    ),
                );
                return None;
            }
            Some(Unique::By(path.clone()))
        }
    }
}

/// Returns the message about a value that is not one of `known`.
pub(super) fn unknown_word(key: &str, found: &str, known: &[&str], or: &str) -> String {
    let meant = similar(found, known)
        .map(|known| format!("help: did you mean `\"{known}\"`?\n"))
        .unwrap_or_default();
    let quoted: Vec<String> = known.iter().map(|known| format!("\"{known}\"")).collect();
    let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
    format!(
        "`{key}` cannot be `{}`\n{meant}note: the values are {}{or}",
        found.escape_debug(),
        listed(&quoted)
    )
}
