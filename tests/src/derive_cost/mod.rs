//! `cargo xtask derive-cost`: what an operation costs whoever compiles it.
//!
//! Packages of many structs are generated that differ in one thing, and the CPU time of compiling
//! one of them is compared with that of another.

mod cpu_time;
mod figures;
mod method;
mod options;
mod package;
mod page;
mod row;
mod source;
mod table;
mod variant;

use figures::Figures;
use method::Method;
pub(crate) use options::HELP;
use options::Options;
use package::Packages;

use crate::Failure;

/// Measures, prints the tables, and puts them into the documentation where that is asked for.
pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let options = Options::parse(words).map_err(|message| Failure { message, code: 2 })?;
    measure(&options).map_err(Failure::new)
}

fn measure(options: &Options) -> Result<(), String> {
    let packages = Packages::generate(&options.sizes)?;
    packages.build_dependencies()?;
    let mut figures = Figures::default();
    // One after the other and then again, so that a busy minute of the machine falls on all alike.
    for repeat in 1..=options.repeats {
        eprintln!("derive-cost: round {repeat} of {}", options.repeats);
        for package in packages.iter() {
            for method in Method::ALL {
                figures.add(package.subject(method), packages.compile(package, method)?);
            }
        }
    }
    let tables = table::markdown(&figures, &options.sizes);
    print!("{tables}");
    if options.write { page::write(&tables) } else { Ok(()) }
}
