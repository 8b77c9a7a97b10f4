//! As much of `core` as it takes to find a derive macro.

#![no_core]

#[rustc_builtin_macro]
pub macro derive($item:item) {}

#[rustc_builtin_macro]
#[macro_export]
macro_rules! compile_error {}

pub mod prelude {
    pub mod rust_2024 {
        pub use crate::{compile_error, derive};
    }
}
