//! ANSI sequences in texts, for example from child programs. Colours become styles, and all other sequences are
//! removed. If a program overwrites a line after a carriage return, only the last state of the line remains.
//!
//! A sequence without an end does not count as a sequence. Its characters stay in the text, and the output of the text
//! escapes them.

use std::borrow::Cow;

/// The style of a part of a text. The parser ignores backgrounds, blinking and inverse text, so that a text always has
/// the contrast of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style {
    pub(crate) is_bold: bool,
    pub(crate) is_dim: bool,
    pub(crate) is_italic: bool,
    pub(crate) is_underlined: bool,
    pub(crate) color: Option<Color>,
}

/// A text colour. Black and white become the colour of normal text, and bright colours become the normal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
}

impl Color {
    /// Returns the colour's name in lower case.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
            Self::Magenta => "magenta",
            Self::Cyan => "cyan",
        }
    }
}

/// A part of a text with one style. The text contains no complete ANSI sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StyledPart<'a> {
    pub(crate) style: Style,
    pub(crate) text: &'a str,
}

/// Maximum number of styled parts of a text. The rest of the text has no style, because the markup of many parts would
/// be many times as long as the text.
const STYLED_PARTS_MAX: usize = 100;

/// Returns the text without ANSI sequences, as it is after its carriage returns.
pub(crate) fn without_sequences(text: &str) -> Cow<'_, str> {
    if !may_have_sequences(text) {
        return Cow::Borrowed(text);
    }
    match &*parts(text) {
        [] => Cow::Borrowed(""),
        [only] => Cow::Borrowed(only.text),
        parts => Cow::Owned(parts.iter().map(|part| part.text).collect()),
    }
}

/// Returns `false` for a text without escape characters, 8-bit control characters and carriage returns.
fn may_have_sequences(text: &str) -> bool {
    // 0xC2 begins the encoding of U+0080 to U+00BF, which contain the 8-bit control characters.
    text.bytes().any(|byte| matches!(byte, 0x1b | b'\r' | 0xc2))
}

/// Splits a text into parts with one style each.
pub(crate) fn parts(text: &str) -> Vec<StyledPart<'_>> {
    let mut parser = Parser::new(text);
    while parser.at < text.len() {
        parser.step();
    }
    parser.flush();
    parser.parts
}

struct Parser<'a> {
    text: &'a str,
    /// The position of the next character.
    at: usize,
    /// The start of the text that no part contains yet.
    start: usize,
    style: Style,
    parts: Vec<StyledPart<'a>>,
    /// The number of parts before the current line. A carriage return removes the parts of its line.
    parts_before_line: usize,
}

/// A complete sequence.
struct Sequence<'a> {
    /// The position after the sequence.
    end: usize,
    /// The parameters of a sequence that selects a style.
    style: Option<&'a str>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            start: 0,
            style: Style::default(),
            parts: Vec::new(),
            parts_before_line: 0,
        }
    }

    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let Some(next) = rest.find([
            '\u{1b}', '\r', '\n', '\u{90}', '\u{98}', '\u{9b}', '\u{9d}', '\u{9e}', '\u{9f}',
        ]) else {
            self.at = self.text.len();
            return;
        };
        self.at += next;
        match self.text.as_bytes()[self.at] {
            b'\n' => {
                self.at += 1;
                self.flush();
                self.parts_before_line = self.parts.len();
            }
            b'\r' => self.carriage_return(),
            _ => self.escape(),
        }
    }

    /// Removes the carriage returns at the end of a line. Any other one begins the line again.
    fn carriage_return(&mut self) {
        self.flush();
        let rest = &self.text[self.at..];
        let behind = rest.trim_start_matches('\r');
        self.at += rest.len() - behind.len();
        self.start = self.at;
        if !behind.is_empty() && !behind.starts_with('\n') {
            self.parts.truncate(self.parts_before_line);
        }
    }

    fn escape(&mut self) {
        let introducer = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
        let Some(Sequence { end, style }) = self.sequence() else {
            self.at += introducer;
            return;
        };
        self.flush();
        (self.at, self.start) = (end, end);
        if let Some(parameters) = style {
            self.style = self.style.after(parameters);
        }
    }

    /// Reads the sequence at the current position; `None` if it has no end.
    fn sequence(&self) -> Option<Sequence<'a>> {
        let text = self.text;
        let mut chars = text[self.at..].chars();
        let (first, mut behind) = (chars.next()?, self.at);
        behind += first.len_utf8();
        let kind = if first == '\u{1b}' {
            let second = chars.next()?;
            behind += second.len_utf8();
            second
        } else {
            // An 8-bit control character is short for an escape and a character.
            char::from_u32(u32::from(first) - 0x40)?
        };
        match kind {
            '[' => control_sequence(text, behind),
            'P' | 'X' | ']' | '^' | '_' => control_string(text, behind, kind == ']'),
            ' '..='/' => {
                let rest = &text[behind..];
                let last = rest.find(|c: char| !matches!(c, ' '..='/'))?;
                matches!(rest.as_bytes()[last], b'0'..=b'~')
                    .then_some(Sequence { end: behind + last + 1, style: None })
            }
            '0'..='~' => Some(Sequence { end: behind, style: None }),
            _ => None,
        }
    }

    /// Adds the text since the last part.
    fn flush(&mut self) {
        let text = &self.text[self.start..self.at];
        self.start = self.at;
        if text.is_empty() {
            return;
        }
        let style = if self.parts.len() < STYLED_PARTS_MAX { self.style } else { Style::default() };
        self.parts.push(StyledPart { style, text });
    }
}

/// Reads a string that begins at `start`, up to a string terminator or, for an operating system command, a bell. Any
/// other control character ends the string without a terminator, so that the parser reads the text only once.
fn control_string(text: &str, start: usize, ends_with_bell: bool) -> Option<Sequence<'_>> {
    let rest = &text[start..];
    let length = rest.find(char::is_control)?;
    let last = &rest[length..];
    let terminator = match last.chars().next()? {
        '\u{7}' if ends_with_bell => 1,
        '\u{9c}' => '\u{9c}'.len_utf8(),
        '\u{1b}' if last[1..].starts_with('\\') => 2,
        _ => return None,
    };
    Some(Sequence { end: start + length + terminator, style: None })
}

/// Reads the parameters and the end of a control sequence that begins at `start`.
fn control_sequence(text: &str, start: usize) -> Option<Sequence<'_>> {
    let rest = &text[start..];
    let parameters = rest.find(|c: char| !matches!(c, '0'..='?'))?;
    let (parameters, behind) = rest.split_at(parameters);
    let intermediates = behind.find(|c: char| !matches!(c, ' '..='/'))?;
    let last = behind.as_bytes()[intermediates];
    if !matches!(last, b'@'..=b'~') {
        return None;
    }
    let is_style = last == b'm'
        && intermediates == 0
        && parameters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'));
    let end = start + parameters.len() + intermediates + 1;
    Some(Sequence { end, style: is_style.then_some(parameters) })
}

impl Style {
    /// Returns this style after a sequence with these parameters.
    fn after(mut self, parameters: &str) -> Self {
        let mut rest = parameters.split(';');
        while let Some(parameter) = rest.next() {
            let mut parts = parameter.split(':');
            // An absent number is 0.
            let code = parts.next().unwrap_or_default();
            match number(code) {
                Some(0) => self = Self::default(),
                Some(1) => self.is_bold = true,
                Some(2) => self.is_dim = true,
                Some(3) => self.is_italic = true,
                Some(4) => self.is_underlined = parts.next() != Some("0"),
                Some(21) => self.is_underlined = true,
                Some(22) => (self.is_bold, self.is_dim) = (false, false),
                Some(23) => self.is_italic = false,
                Some(24) => self.is_underlined = false,
                Some(code @ 30..=37) => self.color = basic(code - 30),
                Some(38) if parameter.contains(':') => self.color = extended(parts, true),
                Some(38) => self.color = extended(&mut rest, false),
                Some(48 | 58) if !parameter.contains(':') => {
                    // Skips the parameters of the colour.
                    let _ = extended(&mut rest, false);
                }
                Some(39) => self.color = None,
                Some(code @ 90..=97) => self.color = basic(code - 90),
                _ => {}
            }
        }
        self
    }
}

fn number(text: &str) -> Option<u32> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

fn basic(code: u32) -> Option<Color> {
    match code {
        1 => Some(Color::Red),
        2 => Some(Color::Green),
        3 => Some(Color::Yellow),
        4 => Some(Color::Blue),
        5 => Some(Color::Magenta),
        6 => Some(Color::Cyan),
        _ => None,
    }
}

/// Reads a colour of the palette of 256, `5;number`, or a colour `2;red;green;blue`. In the form with colons, a colour
/// space precedes the three numbers.
fn extended<'a>(mut parameters: impl Iterator<Item = &'a str>, has_colons: bool) -> Option<Color> {
    match number(parameters.next()?)? {
        5 => {
            let index = number(parameters.next()?)?;
            match index {
                0..=15 => basic(index % 8),
                16..=231 => {
                    let cube = index - 16;
                    nearest(cube / 36 * 51, cube / 6 % 6 * 51, cube % 6 * 51)
                }
                _ => None,
            }
        }
        2 => {
            let numbers: Vec<u32> = if has_colons {
                parameters.filter_map(number).collect()
            } else {
                parameters.take(3).filter_map(number).collect()
            };
            match numbers[..] {
                [.., red, green, blue] => nearest(red, green, blue),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns the colour with the hue of these three numbers; `None` for a grey.
fn nearest(red: u32, green: u32, blue: u32) -> Option<Color> {
    let max = red.max(green).max(blue);
    let min = red.min(green).min(blue);
    // Nearly grey.
    if max - min < 40 {
        return None;
    }
    let middle = min + (max - min) / 2;
    basic(u32::from(red > middle) + 2 * u32::from(green > middle) + 4 * u32::from(blue > middle))
}
