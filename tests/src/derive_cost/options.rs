//! The options of `cargo xtask derive-cost`.

pub(crate) const HELP: &str = "\
usage: cargo xtask derive-cost [--structs <n>,…] [--repeats <n>] [--write]

Measures the compile time of `#[derive(LiveOperation)]`, and of everything else that an operation adds.

The command generates packages that contain the same structs with different derives, and compiles
each package alone: with built dependencies, without incremental compilation, in the profile `dev`,
after its source was touched. It measures the CPU time, user and system, of cargo and the compiler.
A cost is the difference between two packages, divided by the number of structs. The result is the
median of all rounds.

  --structs <n>,…  number of structs in a package [default: 100,300]
  --repeats <n>    number of rounds, odd, because of the median [default: 5]
  --write          writes the tables into docs/derive-cost.md

The command takes about 15 minutes, and needs a machine without other load.
";

/// The packages to measure, and the number of rounds.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) sizes: Vec<usize>,
    pub(super) repeats: usize,
    pub(super) write: bool,
}

impl Options {
    pub(super) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self { sizes: vec![100, 300], repeats: 5, write: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--write" => options.write = true,
                "--repeats" => options.repeats = number(words.next())?,
                "--structs" => {
                    let sizes = words.next().copied().unwrap_or_default();
                    options.sizes = sizes
                        .split(',')
                        .map(|size| number(Some(&size)))
                        .collect::<Result<_, _>>()?;
                }
                other => return Err(format!("unexpected `{other}`\n\n{HELP}")),
            }
        }
        if options.repeats.is_multiple_of(2) {
            return Err("expected an odd number of repeats".to_owned());
        }
        Ok(options)
    }
}

fn number(word: Option<&&str>) -> Result<usize, String> {
    let word = word.copied().unwrap_or_default();
    match word.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("expected a number from 1, found `{word}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_options_have_defaults() {
        let options = Options::parse(&["--repeats", "3"]).unwrap();
        assert_eq!((options.sizes, options.repeats, options.write), (vec![100, 300], 3, false));
        let options = Options::parse(&["--structs", "10,20,30", "--write"]).unwrap();
        assert_eq!((options.sizes, options.repeats, options.write), (vec![10, 20, 30], 5, true));
    }

    #[test]
    fn invalid_options_are_refused() {
        for words in [&["--repeats", "4"][..], &["--repeats"], &["--structs", "0"], &["fast"]] {
            assert!(Options::parse(words).is_err(), "{words:?}");
        }
    }
}
