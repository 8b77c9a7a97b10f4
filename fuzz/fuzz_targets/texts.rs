//! Texts of an application in Fluent's language, and lists of accepted languages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use liveops::language::Languages;

fuzz_target!(|text: &str| {
    // Skips an input for which the parser of Fluent panics. liveops catches the panic, but libFuzzer aborts at once.
    let is_cut = |start: usize, digits| {
        let digits = text.get(start + 2..start + 2 + digits);
        digits.is_none_or(|digits| !digits.is_ascii())
    };
    if text.match_indices(r"\u").any(|(at, _)| is_cut(at, 4))
        || text.match_indices(r"\U").any(|(at, _)| is_cut(at, 6))
    {
        return;
    }
    let (accepted, messages) = text.split_once('\n').unwrap_or((text, ""));
    let languages = match Languages::new().with("de", messages) {
        Ok(languages) => languages,
        Err(_) => Languages::new(),
    };
    for accepted in [accepted, "de"] {
        let language = languages.find(accepted);
        for id in ["a", "b", "demo-import", "cancel"] {
            let args = [("n", 3_u32.into()), ("name", text.into())];
            let _ = language.text(id, args);
        }
    }
});
