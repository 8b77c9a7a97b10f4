//! One row of a file of scores.

use super::records::Record;
use crate::scores::NewScore;

/// The columns of a file, in order.
pub(super) const HEADER: [&str; 3] = ["student", "course", "score"];

/// Maximum number of characters of an invalid value in the log.
const QUOTED_CHARS_MAX: usize = 40;
const STUDENT_CHARS_MAX: usize = 200;
const COURSE_CHARS_MAX: usize = 32;

/// An error of a row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Fault {
    #[error("expected 3 fields, found {0}")]
    Fields(usize),
    #[error("the student has no name")]
    NoStudent,
    #[error("the student's name is too long or unprintable: {0}")]
    Student(String),
    #[error("{0} is not a course: expected letters, then digits, such as MATH-101")]
    Course(String),
    #[error("{0} is not a score: expected a number from 0 to 100")]
    Score(String),
}

/// Returns true if a record is the header, ignoring case and spaces.
pub(super) fn is_header(record: &Record) -> bool {
    let fields = &record.fields;
    fields.len() == HEADER.len()
        && fields.iter().zip(HEADER).all(|(field, name)| field.trim().eq_ignore_ascii_case(name))
}

/// Parses a record as a row.
pub(super) fn parse(record: &Record) -> Result<NewScore, Fault> {
    let fields = &record.fields;
    if fields.len() != HEADER.len() {
        return Err(Fault::Fields(fields.len()));
    }
    Ok(NewScore {
        line: record.line,
        student: student_of(fields[0].trim())?,
        course: course_of(fields[1].trim())?,
        score: score_of(fields[2].trim())?,
    })
}

fn student_of(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        return Err(Fault::NoStudent);
    }
    if text.chars().count() > STUDENT_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Fault::Student(quoted(text)));
    }
    Ok(text.to_owned())
}

/// `MATH-101`, `BIO2`, `math`: letters first, then letters, digits and hyphens.
fn course_of(text: &str) -> Result<String, Fault> {
    let is_course = text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| c.is_alphanumeric() || c == '-')
        && text.chars().count() <= COURSE_CHARS_MAX;
    if is_course { Ok(text.to_owned()) } else { Err(Fault::Course(quoted(text))) }
}

fn score_of(text: &str) -> Result<f64, Fault> {
    match text.parse() {
        // NaN is outside of every range.
        Ok(score) if (0.0..=100.0).contains(&score) => Ok(score),
        _ => Err(Fault::Score(quoted(text))),
    }
}

/// Formats a value for the log: in quotation marks, escaped, and shortened.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::score_import::records::Records;

    /// The record of a text, in line 7 of a file.
    fn line(text: &str) -> Record {
        let text = format!("\n\n\n\n\n\n{text}");
        Records::new(text.as_bytes()).next().unwrap().unwrap()
    }

    #[test]
    fn a_header_may_be_shouted_and_spaced() {
        for text in ["student,course,score", "Student, Course ,SCORE", "\"student\",course,score"] {
            assert!(is_header(&line(text)), "{text}");
        }
        for text in ["student;course;score", "course,student,score", "student,course", "Ann,A-1,5"]
        {
            assert!(!is_header(&line(text)), "{text}");
        }
    }

    #[test]
    fn a_right_row_is_read_with_its_line() {
        let row = parse(&line(" \"Smith, Ann\" , MATH-101, 92.5 ")).unwrap_err();
        // A quotation mark after a space is part of the text, as in RFC 4180.
        assert_eq!(row, Fault::Fields(4));

        let row = parse(&line("\"Smith, Ann\",MATH-101, 92.5 ")).unwrap();
        let expected = NewScore {
            line: 7,
            student: "Smith, Ann".to_owned(),
            course: "MATH-101".to_owned(),
            score: 92.5,
        };
        assert_eq!(row, expected);
    }

    #[test]
    fn every_fault_is_told_in_words() {
        let long = "x".repeat(201);
        for (text, fault) in [
            ("Ann,MATH-101", "expected 3 fields, found 2"),
            ("Ann,MATH-101,5,6", "expected 3 fields, found 4"),
            (
                "\"Ann\nMarie\",MATH-101,5",
                "the student's name is too long or unprintable: \"Ann\\nMarie\"",
            ),
            (" ,MATH-101,5", "the student has no name"),
            ("Ann\u{7},MATH-101,5", "the student's name is too long or unprintable: \"Ann\\u{7}\""),
            (
                "Ann,101,5",
                "\"101\" is not a course: expected letters, then digits, such as MATH-101",
            ),
            ("Ann,,5", "\"\" is not a course: expected letters, then digits, such as MATH-101"),
            ("Ann,MATH-101,", "\"\" is not a score: expected a number from 0 to 100"),
            ("Ann,MATH-101,abs", "\"abs\" is not a score: expected a number from 0 to 100"),
            ("Ann,MATH-101,-1", "\"-1\" is not a score: expected a number from 0 to 100"),
            ("Ann,MATH-101,100.5", "\"100.5\" is not a score: expected a number from 0 to 100"),
            ("Ann,MATH-101,NaN", "\"NaN\" is not a score: expected a number from 0 to 100"),
        ] {
            assert_eq!(parse(&line(text)).unwrap_err().to_string(), fault, "{text}");
        }
        assert!(matches!(parse(&line(&format!("{long},A-1,5"))), Err(Fault::Student(_))));
    }
}
