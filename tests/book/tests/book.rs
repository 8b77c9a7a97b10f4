//! The book has every guide, the guides have only code that is compiled, and its links lead somewhere.

use std::{collections::BTreeSet, fs, path::Path};

use liveops_book::{CHAPTERS, DeadLink, Site, build, docs};
use mdbook_driver::{MDBook, book::BookItem};

/// What a block of code may be written in. Rust is compiled, the rest is not.
const LANGUAGES: [&str; 7] = ["json", "python", "rust", "sh", "text", "toml", "ini"];

/// What may be said of a block of Rust: all of it is compiled, some of it is not run.
const ATTRIBUTES: [&str; 3] = ["no_run", "should_panic", "compile_fail"];

fn chapters() -> BTreeSet<String> {
    CHAPTERS.iter().map(ToString::to_string).collect()
}

fn text_of(chapter: &str) -> String {
    fs::read_to_string(docs().join(chapter)).expect("a test made sure that the chapter is there")
}

#[test]
fn every_guide_is_compiled() {
    let files = fs::read_dir(docs()).unwrap().map(|entry| entry.unwrap().file_name());
    let guides = files.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md"));
    let guides: BTreeSet<String> = guides.filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(chapters(), guides);
}

#[test]
fn every_guide_is_in_the_book() {
    let book = MDBook::load(docs()).unwrap();
    let paths = book.iter().filter_map(|item| match item {
        BookItem::Chapter(chapter) => chapter.source_path.as_ref(),
        _ => None,
    });
    let in_summary: BTreeSet<String> = paths.map(|path| path.display().to_string()).collect();
    assert_eq!(in_summary, chapters());
}

#[test]
fn the_readme_leads_to_every_guide() {
    let readme = include_str!("../../../README.md");
    let missing: Vec<_> =
        CHAPTERS.iter().filter(|page| !readme.contains(&format!("(docs/{page})"))).collect();
    assert_eq!(missing, [&""; 0]);
}

#[test]
fn every_block_says_what_it_is_and_no_rust_is_passed_over() {
    for chapter in CHAPTERS {
        let text = text_of(chapter);
        // Every other fence ends a block.
        let openings = text.lines().filter_map(|line| line.trim().strip_prefix("```")).step_by(2);
        for opening in openings {
            let mut words = opening.split(',');
            let language = words.next().unwrap();
            assert!(LANGUAGES.contains(&language), "{chapter}: ```{opening}");
            let unknown = words.find(|word| !ATTRIBUTES.contains(word) && !is_error_code(word));
            assert_eq!(unknown, None, "{chapter}: ```{opening}");
        }
    }
}

/// `E0382`: with which error it does not compile.
fn is_error_code(word: &str) -> bool {
    word.strip_prefix('E').is_some_and(|number| number.len() == 4 && number.parse::<u16>().is_ok())
}

#[test]
fn every_link_in_the_book_leads_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let site = build(folder.path()).unwrap();
    assert!(folder.path().join("getting-started.html").is_file());
    assert_eq!(site.dead_links().unwrap(), []);
}

#[test]
fn dead_links_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, html: &str| fs::write(folder.path().join(path), html).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    write(
        "sub/b.html",
        r#"<h1 id="there">b</h1> <a href="../a.html">a</a> <a href="c.html">c</a>"#,
    );
    write(
        "a.html",
        r##"<p id="here"><a href="#here"></a><a href="#nowhere"></a>
            <a href="sub/b.html#there"></a><a href="sub/b.html#gone"></a><a href="sub"></a>
            <a href="https://example.com/any"></a><img src="missing.png">
            <a href="https://docs.rs/liveops/latest/liveops/struct.Kept.html#method.new"></a>
            <a href="https://docs.rs/liveops/latest/liveops/struct.Gone.html"></a>"##,
    );
    fs::create_dir_all(folder.path().join("api/liveops")).unwrap();
    write("api/liveops/struct.Kept.html", r#"<a id="method.new"></a>"#);

    let dead = |page: &str, link: &str| DeadLink { page: page.into(), link: link.to_owned() };
    let in_book = [
        dead("a.html", "#nowhere"),
        dead("a.html", "missing.png"),
        dead("a.html", "sub"),
        dead("a.html", "sub/b.html#gone"),
        dead(Path::new("sub/b.html").to_str().unwrap(), "c.html"),
    ];
    let site = Site::at(folder.path());
    assert_eq!(site.dead_links().unwrap(), in_book);

    let in_api = site.with_api(folder.path().join("api")).dead_links().unwrap();
    let gone = dead("a.html", "https://docs.rs/liveops/latest/liveops/struct.Gone.html");
    assert!(in_api.contains(&gone) && in_api.len() == in_book.len() + 1, "{in_api:?}");
}
