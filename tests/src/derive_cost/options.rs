pub(crate) const HELP: &str = "\
usage: cargo xtask derive-cost [--structs <n>,…] [--repeats <n>] [--write]

Measures what `#[derive(LiveOperation)]`, and all that an operation adds, costs at compile time.

Packages are generated that hold the same structs with different derives. Each is compiled alone,
its dependencies being built already: not incrementally, in the profile `dev`, after its source was
touched. Counted is the CPU time, user and system, of cargo and the compiler. A cost is the
difference of two packages, divided by the number of structs; of several rounds the median counts.

  --structs <n>,…  how many structs a package has, 100,300 unless given
  --repeats <n>    how many rounds, 5 unless given; odd, so that there is a middle one
  --write          puts the tables into docs/derive-cost.md

It takes a quarter of an hour or so, and wants a machine that does nothing else meanwhile.
";

/// What is measured, and how often.
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
    fn what_is_not_said_has_a_default() {
        let options = Options::parse(&["--repeats", "3"]).unwrap();
        assert_eq!((options.sizes, options.repeats, options.write), (vec![100, 300], 3, false));
        let options = Options::parse(&["--structs", "10,20,30", "--write"]).unwrap();
        assert_eq!((options.sizes, options.repeats, options.write), (vec![10, 20, 30], 5, true));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for words in [&["--repeats", "4"][..], &["--repeats"], &["--structs", "0"], &["fast"]] {
            assert!(Options::parse(words).is_err(), "{words:?}");
        }
    }
}
