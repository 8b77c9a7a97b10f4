//! The tables of the result, as Markdown.

use super::{
    figures::{Figures, Subject},
    method::Method,
    row::Row,
    variant::Variant,
};

/// Returns all tables as Markdown.
pub(super) fn markdown(figures: &Figures, sizes: &[usize]) -> String {
    format!(
        "CPU milliseconds a struct:\n\n{}\n{}\nCPU seconds of a whole package:\n\n{}",
        costs(figures, sizes),
        goals(figures, sizes),
        totals(figures, sizes)
    )
}

fn costs(figures: &Figures, sizes: &[usize]) -> String {
    let rows = Row::ALL.map(|row| {
        let cells = columns(sizes)
            .map(|(method, size)| {
                format!(
                    "{:.1}",
                    figures.cost(Subject { variant: row.with, size, method }, row.without)
                )
            })
            .collect();
        (row.title, cells)
    });
    table("the cost of", sizes, &rows)
}

fn totals(figures: &Figures, sizes: &[usize]) -> String {
    let rows = Variant::ALL.map(|variant| {
        let cells = columns(sizes)
            .map(|(method, size)| {
                format!("{:.2}", figures.seconds(Subject { variant, size, method }))
            })
            .collect();
        (variant.title(), cells)
    });
    table("structs with", sizes, &rows)
}

/// Returns the goals, compared with the measurements of the largest packages.
fn goals(figures: &Figures, sizes: &[usize]) -> String {
    let size = sizes.iter().copied().max().unwrap_or_default();
    let cost =
        |row: Row, method| figures.cost(Subject { variant: row.with, size, method }, row.without);
    let derive = cost(Row::DERIVE, Method::Check);
    let everything = cost(Row::EVERYTHING, Method::Build);
    let serde = cost(Row::SERDE, Method::Build);
    let alone = everything / serde;
    let used = everything / (serde + cost(Row::SERDE_USED, Method::Build));
    format!(
        "\
- The derive costs {derive:.1} ms a struct of three stages at `cargo check`; the goal is 2.5 ms.
- Everything costs {alone:.1} times serde's derives at `cargo build`, and {used:.1} times what they
  cost where each type is read and written once; the goal is 1.5 times.
"
    )
}

fn columns(sizes: &[usize]) -> impl Iterator<Item = (Method, usize)> {
    Method::ALL.into_iter().flat_map(|method| sizes.iter().map(move |&size| (method, size)))
}

fn table(subject: &str, sizes: &[usize], rows: &[(&str, Vec<String>)]) -> String {
    let head: Vec<String> =
        columns(sizes).map(|(method, size)| format!("{}, {size}", method.name())).collect();
    let width = rows.iter().map(|(title, _)| title.chars().count()).max().unwrap_or_default();
    let line = |title: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>10} |")).collect();
        format!("| {title:width$} |{cells}\n")
    };
    let rule = format!("|-{:-<width$}-|{}\n", "", "-----------:|".repeat(head.len()));
    let rows: String = rows.iter().map(|(title, cells)| line(title, cells)).collect();
    format!("{}{rule}{rows}", line(subject, &head))
}
