//! Tests of the generated code, in full.

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ImplItem, Item, Stmt};

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
fn a_struct_with_every_policy_key() {
    let code = expanded(quote! {
        #[stages("type", "Super")]
        #[liveop(queue = "mail", priority = -1, max_attempts = 5, backoff = "10 s..1 h")]
        #[liveop(timeout = "2 min", unique = Newsletter::issue, cancel = "abort", version = 2)]
        #[liveop(on_shutdown = "requeue")]
        pub(crate) struct Newsletter {
            issue: u32,
        }
    });
    expect_file!["golden/newsletter.rs"].assert_eq(&code);
}

#[test]
fn a_struct_with_a_description() {
    let code = expanded(quote! {
        #[liveop(describe = "Scores of {file}, {{{count}}}")]
        struct Scores<T> {
            file: PathBuf,
            count: Option<T>,
        }
    });
    expect_file!["golden/scores.rs"].assert_eq(&code);
}

#[test]
fn a_struct_with_a_description_by_a_function() {
    let code = expanded(quote! {
        #[liveop(describe = Audit::line)]
        struct Audit;
    });
    expect_file!["golden/audit.rs"].assert_eq(&code);
}

#[test]
fn a_struct_with_a_form() {
    let code = expanded(quote! {
        /// Sends a letter. To many.
        ///
        /// Slowly.
        #[liveop(form, validate = Self::check)]
        #[serde(rename_all = "camelCase")]
        struct Letter {
            /// Greeting. Stands above the text.
            #[field(max_length = 20, validate = polite)]
            greeting: String,
            #[field(default = 1, min = 1, max = 9.5)]
            copies_made: u8,
            #[serde(default, alias = "loud")]
            bold: bool,
            #[field(options = [0 = "Fast", 250], default = PACE)]
            pace: u32,
            #[serde(with = "base64")]
            #[field(kind = "file", accept = ".png")]
            logo: Vec<u8>,
            #[field(skip)]
            note: Option<Note>,
        }
    });
    expect_file!["golden/letter.rs"].assert_eq(&code);
}

#[test]
fn an_enum_to_choose_from() {
    let item = quote! {
        #[serde(rename_all = "kebab-case")]
        enum Format {
            /// Comma-separated. The usual.
            Csv,
            ExcelSheet,
            #[serde(skip)]
            Other(String),
        }
    };
    let code = prettyplease::unparse(&syn::parse2(crate::derive_choices(item)).unwrap());
    expect_file!["golden/format.rs"].assert_eq(&code);
}

#[test]
fn an_earlier_input() {
    let item = quote! {
        #[liveop(version = 3, before = ImportV1<T>, gap)]
        struct ImportV3<T>(T);
    };
    let code = prettyplease::unparse(&syn::parse2(crate::derive_earlier(item)).unwrap());
    expect_file!["golden/import_v3.rs"].assert_eq(&code);
}

#[test]
fn a_struct_with_an_earlier_version() {
    let code = expanded(quote! {
        #[liveop(version = 2, before = LedgerV1)]
        struct Ledger;
    });
    expect_file!["golden/ledger.rs"].assert_eq(&code);
}

/// The generated code parses, is marked as derived, and passes lints of the user's crate.
#[test]
fn nothing_panics_and_everything_public_is_documented() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/golden");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let code = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for word in ["unwrap", "expect(", "panic!", "unsafe"] {
            assert!(!code.contains(word), "{word} in {code}");
        }
        check_items(&syn::parse_file(&code).unwrap().items);
    }
}

fn check_items(items: &[Item]) {
    for item in items {
        match item {
            Item::Impl(item) if item.trait_.is_some() => {
                assert!(has(&item.attrs, "automatically_derived"), "{}", shown(item));
            }
            Item::Impl(item) => {
                for item in &item.items {
                    let ImplItem::Fn(method) = item else { panic!("{}", shown(item)) };
                    assert!(has(&method.attrs, "doc"), "{}", shown(method));
                }
            }
            Item::Enum(item) => {
                assert!(has(&item.attrs, "doc"), "{}", shown(item));
                let mut variants = item.variants.iter();
                assert!(variants.all(|variant| has(&variant.attrs, "doc")), "{}", shown(item));
            }
            Item::Struct(item) => {
                assert!(has(&item.attrs, "doc"), "{}", shown(item));
                let mut fields = item.fields.iter();
                assert!(fields.all(|field| has(&field.attrs, "doc")), "{}", shown(item));
            }
            Item::Macro(item) => assert!(item.ident.is_none() || has(&item.attrs, "doc")),
            Item::Const(item) => {
                let Expr::Block(block) = &*item.expr else { panic!("{}", shown(item)) };
                let items = block.block.stmts.iter().map(|statement| match statement {
                    Stmt::Item(item) => item.clone(),
                    other => panic!("{}", shown(other)),
                });
                check_items(&items.collect::<Vec<_>>());
            }
            Item::Use(_) => {}
            other => panic!("{}", shown(other)),
        }
    }
}

fn has(attrs: &[Attribute], name: &str) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident(name))
}

fn shown(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}
