#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code, non_upper_case_globals, reason = "what a form is made of is not disturbed by them")]

struct Option;
struct Some;
struct Result;
struct String;
struct Default;
struct Field;
struct Form;
mod std {}
mod core {}
const value: () = ();
const form: () = ();

trait Disturb {
    fn label(&self) {}
    fn min(&self) {}
    fn into(&self) {}
    fn default() {}
}
impl<T> Disturb for T {}

#[derive(::serde::Serialize, ::serde::Deserialize, ::liveops::form::FormField)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
enum Format {
    CommaSeparated,
    Excel,
}

/// Has everything.
#[derive(::liveops::LiveOperation, ::serde::Serialize, ::serde::Deserialize)]
#[liveop(form, validate = check)]
struct Import {
    /// Text. Of any kind.
    #[field(max_length = 9, placeholder = "a", rows = 3, validate = check_text)]
    text: ::std::string::String,
    #[field(min = -1, max = 5, step = 2, default = 3)]
    number: i8,
    #[field(options = ["a" = "A", "b"], default = "a")]
    choice: ::std::string::String,
    #[serde(default = "excel")]
    format: Format,
    #[serde(default)]
    hidden: i64,
    #[field(accept = ".csv", any_path)]
    file: ::std::path::PathBuf,
    #[field(kind = "text", any_path)]
    named: ::std::path::PathBuf,
    #[field(kind = "file", any_path)]
    path: ::std::string::String,
    #[field(kind = "email")]
    mail: ::std::option::Option<::std::string::String>,
    #[field(skip)]
    #[serde(default)]
    rest: ::std::vec::Vec<()>,
}

fn excel() -> Format {
    Format::Excel
}

fn check(_: &Import) -> ::std::result::Result<(), ::liveops::form::FormErrors> {
    ::std::result::Result::Ok(())
}

fn check_text(_: &::std::primitive::str) -> ::std::result::Result<(), &'static ::std::primitive::str> {
    ::std::result::Result::Ok(())
}

fn main() {
    let asked = <Import as ::liveops::__private::OptionalForm>::FORM;
    let ::std::option::Option::Some(asked) = asked else { ::std::panic!("no form") };
    ::std::assert_eq!(asked.fields.len(), 9);
    ::std::assert_eq!(asked.fields[3].name, "format");
}
