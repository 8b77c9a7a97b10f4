use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scores::NewScore;

/// What an import gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many rows the file has.
    pub total: u64,
    /// How many of them were saved.
    pub accepted: u64,
    /// How many were left out; the log says why.
    pub rejected: u64,
    /// The courses, by name.
    pub courses: Vec<CourseSummary>,
}

/// The saved rows of one course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CourseSummary {
    /// The course.
    pub course: String,
    /// How many scores.
    pub count: u64,
    /// Their mean, to two decimals.
    pub mean: f64,
}

/// A summary in the making: holds one number pair a course, however many rows there are.
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

    /// Counts a row that was left out, and gives how many there are by now.
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
