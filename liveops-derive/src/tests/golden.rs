//! What is generated, in full.

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

fn expanded(item: TokenStream) -> String {
    let file = syn::parse2(crate::derive(item, Some("demo-app"))).unwrap();
    prettyplease::unparse(&file)
}

#[test]
fn a_struct_with_everything() {
    let code = expanded(quote! {
        #[stages("Load" = 1, Process = "Process data" = 8, Save = 1)]
        #[liveop(app = "demo", title = "Scores", state = AppState, result_template = "scores.html")]
        pub struct ScoreImport {
            file: String,
        }
    });
    expect_file!["golden/score_import.rs"].assert_eq(&code);
}

#[test]
fn a_struct_with_nothing() {
    let code = expanded(quote! {
        struct Reindex;
    });
    expect_file!["golden/reindex.rs"].assert_eq(&code);
}

#[test]
fn a_generic_struct_elsewhere() {
    let code = expanded(quote! {
        #[liveop(crate = my_app::liveops)]
        pub(crate) struct Import<T: Format, const N: usize = 4>(T)
        where
            T: Clone;
    });
    expect_file!["golden/import.rs"].assert_eq(&code);
}

#[test]
fn an_enum_with_mistakes() {
    let code = expanded(quote! {
        #[stages("Load")]
        #[liveop(titel = "Scores")]
        enum Import {
            Csv,
        }
    });
    expect_file!["golden/import_enum.rs"].assert_eq(&code);
}

#[test]
fn a_struct_that_is_run_in_its_own_way() {
    let code = expanded(quote! {
        #[stages("type", "Super")]
        #[liveop(queue = "mail", priority = -1, max_attempts = 5, backoff = "10 s..1 h")]
        #[liveop(timeout = "2 min", unique = Newsletter::issue, cancel = "abort", version = 2)]
        pub(crate) struct Newsletter {
            issue: u32,
        }
    });
    expect_file!["golden/newsletter.rs"].assert_eq(&code);
}
