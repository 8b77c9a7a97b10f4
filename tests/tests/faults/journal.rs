use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::history::Event;

/// A file that every process of a test appends to, each event with one write: what was said stays
/// said, whoever is killed, and the order of the lines is the order in which it happened.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    path: Arc<Path>,
    file: Arc<File>,
}

impl Journal {
    pub(crate) fn open(path: PathBuf) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        Self { path: path.into(), file: Arc::new(file) }
    }

    pub(crate) fn say(&self, event: &Event) {
        let mut line = serde_json::to_vec(event).unwrap();
        line.push(b'\n');
        (&*self.file).write_all(&line).unwrap();
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let text = std::fs::read_to_string(&self.path).unwrap();
        // The last line may be half there still.
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Counts the lines of a journal while it grows.
#[derive(Debug)]
pub(crate) struct LineCount {
    file: File,
    lines: usize,
}

impl LineCount {
    pub(crate) fn of(journal: &Journal) -> Self {
        Self { file: File::open(&journal.path).unwrap(), lines: 0 }
    }

    pub(crate) fn now(&mut self) -> usize {
        let mut news = Vec::new();
        self.file.read_to_end(&mut news).unwrap();
        self.lines += news.iter().filter(|byte| **byte == b'\n').count();
        self.lines
    }
}
