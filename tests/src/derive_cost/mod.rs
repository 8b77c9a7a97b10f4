//! `cargo xtask derive-cost`: the compile time of an operation.
//!
//! The command generates packages of many structs that differ in one feature, and compares the CPU times of
//! their compilation.

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

/// Measures and prints the tables, and writes them into the documentation with `--write`.
pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let options = Options::parse(words).map_err(|message| Failure { message, code: 2 })?;
    measure(&options).map_err(Failure::new)
}

fn measure(options: &Options) -> Result<(), String> {
    let packages = Packages::generate(&options.sizes)?;
    packages.build_dependencies()?;
    let mut figures = Figures::default();
    // Each round measures all packages, so that other load on the machine affects all of them equally.
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
