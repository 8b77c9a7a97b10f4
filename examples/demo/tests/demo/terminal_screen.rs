//! Tests of the terminal output of an operation.
#![cfg(unix)]

use std::{fs::File, io::Read, os::fd::OwnedFd, process::Stdio, thread};

use nix::pty::{Winsize, openpty};

use crate::desk::Desk;

/// Returns the output of a run on a terminal of this width.
fn on_terminal(desk: &Desk, columns: u16, variables: &[(&str, &str)]) -> String {
    run_on_terminal(desk, columns, &["demo.demo_import", "--set", "pace_ms=20"], variables)
}

fn run_on_terminal(
    desk: &Desk,
    columns: u16,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(&size, None).unwrap();
    let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_demo"));
    command.arg("run").args(arguments).current_dir(desk.path());
    command.env_remove("RUST_LOG").env_remove("NO_COLOR").env("TERM", "xterm-256color");
    command.env("LANGUAGE", "").env("LC_ALL", "C");
    command.envs(variables.iter().copied());
    command.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(end(&pty.slave));
    let mut child = command.spawn().unwrap();
    // Only the run may hold the other end; otherwise reading would never end.
    drop((command, pty.slave));
    let read = thread::spawn(move || {
        let mut shown = Vec::new();
        // Reading from a closed terminal is an error on Linux.
        let _ = File::from(pty.master).read_to_end(&mut shown);
        String::from_utf8(shown).unwrap()
    });
    let status = child.wait().unwrap();
    let shown = read.join().unwrap();
    assert!(status.success(), "{shown}");
    shown
}

const BOLD: &str = "\u{1b}[1m";

#[test]
fn a_terminal_gets_a_bar_below_what_is_said() {
    let shown = on_terminal(&Desk::new(), 100, &[]);
    assert!(shown.contains('█') && shown.contains('░'), "{shown:?}");
    assert!(shown.contains(&format!("{BOLD}=== [5/5] Save ===")), "{shown:?}");
    assert!(shown.contains("Saving: 12 of 12 products · 100 %"), "{shown:?}");
}

#[test]
fn no_color_is_heeded() {
    let shown = on_terminal(&Desk::new(), 100, &[("NO_COLOR", "1")]);
    assert!(shown.contains("=== [5/5] Save ==="), "{shown:?}");
    // Escapes that set a style end with an m.
    let escapes = shown.split("\u{1b}[").skip(1);
    let styles = escapes.filter(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
    });
    assert_eq!(styles.count(), 0, "{shown:?}");
}

#[test]
fn a_terminal_that_may_not_be_moved_in_gets_plain_lines() {
    let shown = on_terminal(&Desk::new(), 100, &[("TERM", "dumb")]);
    assert!(!shown.contains(['\u{1b}', '█']), "{shown:?}");
}

#[test]
fn a_bar_is_as_wide_as_the_terminal() {
    for columns in [40, 120] {
        let shown = on_terminal(&Desk::new(), columns, &[]);
        let bars: Vec<&str> = shown.split(['\r', '\n']).filter(|line| line.contains('█')).collect();
        assert!(!bars.is_empty(), "{shown:?}");
        for bar in bars {
            // A line above the bar fills a whole line.
            let bar = &bar[bar.find('█').unwrap()..];
            let width = bar.split('\u{1b}').next().unwrap().chars().count();
            assert!(width <= usize::from(columns), "{width} of {columns}: {bar:?}");
        }
    }
}

#[test]
fn no_bar_is_left_behind_in_any_language() {
    for language in ["en_US", "ja_JP", "zh_CN", "de_DE", "es_ES", "fr_FR", "pl_PL"] {
        let locale = format!("{language}.UTF-8");
        for (columns, label) in [
            (80, "x"),
            (80, "\u{65e5}\u{672c}\u{8a9e}\u{30d5}\u{30a1}\u{30a4}\u{30eb}"),
            (60, "e\u{301}🎉"),
        ] {
            let arguments =
                ["demo.demo_import", "--set", "pace_ms=10", "--set", &format!("label={label}")];
            let shown = run_on_terminal(&Desk::new(), columns, &arguments, &[("LC_ALL", &locale)]);
            let mut screen = vt100::Parser::new(24, columns, 1_000);
            screen.process(shown.as_bytes());
            screen.screen_mut().set_scrollback(usize::MAX);
            let mut bars = 0;
            let mut rows = screen.screen().scrollback();
            loop {
                screen.screen_mut().set_scrollback(rows);
                let page = screen.screen().contents();
                bars += page
                    .lines()
                    .take(if rows > 0 { 1 } else { 24 })
                    .filter(|line| line.contains('░') || line.contains('█'))
                    .count();
                if rows == 0 {
                    break;
                }
                rows -= 1;
            }
            // The last line of a bar has no bar.
            assert_eq!(bars, 0, "{language}, {label}: {}", screen.screen().contents());
        }
    }
}
