//! The output of an import.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scores::NewScore;

/// The output of an import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of rows in the file.
    pub total: u64,
    /// Number of saved rows.
    pub accepted: u64,
    /// Number of skipped rows; the log has the reasons.
    pub rejected: u64,
    /// The courses, by name.
    pub courses: Vec<CourseSummary>,
}

/// The saved rows of one course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CourseSummary {
    /// The course.
    pub course: String,
    /// Number of scores.
    pub count: u64,
    /// The mean of the scores, with two decimals.
    pub mean: f64,
}

/// Builds a summary. It holds one pair of numbers per course, for any number of rows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    accepted: u64,
    rejected: u64,
    courses: BTreeMap<String, Course>,
}

#[derive(Debug, Default)]
struct Course {
    count: u64,
    sum: f64,
}

impl Tally {
    pub(super) fn accept(&mut self, row: &NewScore) {
        self.accepted += 1;
        if let Some(course) = self.courses.get_mut(&row.course) {
            course.add(row.score);
        } else {
            self.courses.entry(row.course.clone()).or_default().add(row.score);
        }
    }

    /// Counts a skipped row, and returns the number of skipped rows so far.
    pub(super) fn reject(&mut self) -> u64 {
        self.rejected += 1;
        self.rejected
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected
    }

    pub(super) fn course_count(&self) -> usize {
        self.courses.len()
    }

    pub(super) fn finish(self) -> Summary {
        let courses = self.courses.into_iter().map(|(course, Course { count, sum })| {
            let mean = (sum / count as f64 * 100.0).round() / 100.0;
            CourseSummary { course, count, mean }
        });
        Summary {
            total: self.accepted + self.rejected,
            accepted: self.accepted,
            rejected: self.rejected,
            courses: courses.collect(),
        }
    }
}

impl Course {
    fn add(&mut self, score: f64) {
        self.count += 1;
        self.sum += score;
    }
}
