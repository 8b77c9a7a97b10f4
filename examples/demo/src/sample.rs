//! The sample file: 20,000 realistic scores, about one in a hundred of them invalid.

use std::io::{self, Write};

/// The name of the sample file, in the folder of samples.
pub const FILE_NAME: &str = "scores-20000.csv";

/// Number of rows of the sample file.
pub const ROWS: u64 = 20_000;

/// One row in this number is invalid.
const WRONG_ONE_IN: u64 = 100;

const FIRST_NAMES: [&str; 32] = [
    "Ada",
    "Aisha",
    "Alejandro",
    "Amara",
    "Bence",
    "Camille",
    "Chen",
    "Dilnoza",
    "Elif",
    "Emeka",
    "Fatima",
    "Giulia",
    "Haruto",
    "Ingrid",
    "Ivan",
    "Jakub",
    "Kamala",
    "Kwame",
    "Leila",
    "Łukasz",
    "Mei",
    "Nadia",
    "Noah",
    "Olga",
    "Priya",
    "Quinn",
    "Rosa",
    "Søren",
    "Tomasz",
    "Uma",
    "Yusuf",
    "Zoë",
];

const LAST_NAMES: [&str; 40] = [
    "Abdi",
    "Andersson",
    "Banerjee",
    "Bianchi",
    "Castro",
    "Çelik",
    "Chukwu",
    "Dąbrowska",
    "Dubois",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Horváth",
    "Ito",
    "Ivanova",
    "Jansen",
    "Kim",
    "Kowalczyk",
    "Lewandowski",
    "Li",
    "Mensah",
    "Müller",
    "Nakamura",
    "Nguyễn",
    "Novák",
    "O'Brien",
    "Okafor",
    "Oliveira",
    "Patel",
    "Petrov",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Smith",
    "Suzuki",
    "Tanaka",
    "Wójcik",
    "Yılmaz",
];

/// The courses, each with the mean of its scores.
const COURSES: [(&str, u64); 14] = [
    ("ART-110", 81),
    ("BIO-101", 68),
    ("BIO-205", 64),
    ("CHEM-101", 61),
    ("CHEM-230", 58),
    ("CS-101", 72),
    ("CS-240", 66),
    ("ECON-120", 70),
    ("HIST-150", 76),
    ("LIT-201", 79),
    ("MATH-101", 59),
    ("MATH-210", 54),
    ("PHYS-101", 57),
    ("STAT-300", 63),
];

/// Writes a file of `rows` scores, with the same content every time.
///
/// # Errors
///
/// Returns an error if `file` cannot be written.
pub fn write(file: &mut impl Write, rows: u64) -> io::Result<()> {
    let mut dice = Dice(2026);
    writeln!(file, "student,course,score")?;
    for row in 0..rows {
        let student = student(&mut dice);
        let (course, mean) = COURSES[dice.below(COURSES.len() as u64) as usize];
        let tenths = score_tenths(&mut dice, mean);
        let score = format!("{}.{}", tenths / 10, tenths % 10);
        if dice.below(WRONG_ONE_IN) == 0 {
            writeln!(file, "{}", wrong(row, &student, course, &score))?;
        } else {
            writeln!(file, "{student},{course},{score}")?;
        }
    }
    Ok(())
}

/// Formats a name as some lists do: the last name first, in quotation marks because of the comma.
fn student(dice: &mut Dice) -> String {
    let first = FIRST_NAMES[dice.below(FIRST_NAMES.len() as u64) as usize];
    let last = LAST_NAMES[dice.below(LAST_NAMES.len() as u64) as usize];
    match dice.below(50) {
        0 => format!("\"{last}, {first}\""),
        _ => format!("{first} {last}"),
    }
}

/// Returns a score around the mean, distributed like the sum of three dice.
fn score_tenths(dice: &mut Dice, mean: u64) -> u64 {
    let spread: u64 = (0..3).map(|_| dice.below(200)).sum();
    (mean * 10 + spread).saturating_sub(300).min(1_000)
}

/// Returns an invalid row; the typical mistakes take turns.
fn wrong(row: u64, student: &str, course: &str, score: &str) -> String {
    match row % 7 {
        0 => format!(",{course},{score}"),
        1 => format!("{student},,{score}"),
        2 => format!("{student},{course},absent"),
        3 => format!("{student},{course},{}", score.replace('.', "")),
        4 => format!("{student},{course}"),
        5 => format!("{student},{course},{}", score.replace('.', ",")),
        _ => format!("{student},{course},-{score}"),
    }
}

/// SplitMix64: sufficiently random for names, and equal on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
