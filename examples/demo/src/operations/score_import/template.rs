//! The templates of the result of an import.

use std::fmt::Write;

use liveops::Templates;
use maud::{Markup, html};

use super::{CourseSummary, ScoreImport, Summary};
use crate::operations::thousands;

/// Adds the templates of a [`Summary`], for a page and for a terminal.
pub(crate) fn templates(templates: Templates) -> Templates {
    templates
        .result::<ScoreImport>(|summary, _| page(summary))
        .result_text::<ScoreImport>(|summary, _| text(summary))
}

fn page(summary: &Summary) -> Markup {
    html! {
        h3 { "Scores" }
        dl {
            dt { "Rows" } dd { (thousands(summary.total)) }
            dt { "Saved" } dd { (thousands(summary.accepted)) }
            dt { "Rejected" } dd { (thousands(summary.rejected)) }
        }
        h3 { "Courses" }
        table {
            thead {
                tr { th scope="col" { "Course" } th scope="col" { "Scores" } th scope="col" { "Mean" } }
            }
            tbody {
                @for CourseSummary { course, count, mean } in &summary.courses {
                    tr { th scope="row" { (course) } td { (thousands(*count)) } td { (format!("{mean:.2}")) } }
                }
            }
        }
    }
}

fn text(summary: &Summary) -> String {
    let mut text = format!(
        "{} of {} rows saved, {} rejected\n",
        thousands(summary.accepted),
        thousands(summary.total),
        thousands(summary.rejected)
    );
    for CourseSummary { course, count, mean } in &summary.courses {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{course:<12} {:>8} scores, mean {mean:>6.2}", thousands(*count));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let course =
            |course: &str, count, mean| CourseSummary { course: course.into(), count, mean };
        Summary {
            total: 5,
            accepted: 4,
            rejected: 1,
            courses: vec![course("ART-1", 1, 80.0), course("MATH-101", 3, 71.67)],
        }
    }

    #[test]
    fn the_text_lines_up() {
        let expected = "\
4 of 5 rows saved, 1 rejected
ART-1               1 scores, mean  80.00
MATH-101            3 scores, mean  71.67
";
        assert_eq!(text(&summary()), expected);
    }

    #[test]
    fn the_page_escapes_what_the_file_says() {
        let mut summary = summary();
        summary.courses[0].course = "<b>".to_owned();
        assert!(page(&summary).0.contains("&lt;b&gt;"));
    }
}
