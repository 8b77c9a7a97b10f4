#![allow(dead_code, non_upper_case_globals, unused_macros)]

mod core {}
mod std {}
mod liveops {}
mod serde {}

type Result = ();
type Option = ();
type String = ();
type Vec = ();
type Box = ();
trait Stage {}
trait LiveOperation {}
trait Serialize {}
trait Serializer {}
trait Display {}
trait FromStr {}
trait Clone {}
trait Copy {}
trait PartialEq {}
trait Eq {}
trait Hash {}
trait Debug {}
trait Send {}
trait Sync {}
trait Sized {}
struct ParseError;
struct NoState;
struct NoStages;
struct Formatter;
struct __S;
struct S;
const Ok: () = ();
const Err: () = ();
const Some: () = ();
const None: () = ();

macro_rules! write {
    () => {};
}
macro_rules! format {
    () => {};
}
macro_rules! matches {
    () => {};
}
macro_rules! panic {
    () => {};
}

#[derive(::liveops::LiveOperation, ::serde::Serialize, ::serde::Deserialize)]
#[stages("Load", Ok = "Save", Err, Some, None, Stage)]
struct Import {
    file: ::std::string::String,
}

#[derive(::liveops::LiveOperation, ::serde::Serialize, ::serde::Deserialize)]
struct Plain;

fn main() {}
