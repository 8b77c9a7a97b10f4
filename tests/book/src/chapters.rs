//! The guides, each of them an item with the guide as its documentation: so rustdoc compiles and runs
//! the code in it.

macro_rules! chapters {
    ($($item:ident: $page:literal,)*) => {
        /// The guides whose code is compiled, by the name of their file.
        pub const CHAPTERS: &[&str] = &[$($page),*];

        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../../docs/", $page))]
            pub mod $item {}
        )*
    };
}

chapters! {
    changing_operations: "changing-operations.md",
    channel_layers: "channel-layers.md",
    comparison: "comparison.md",
    concepts: "concepts.md",
    deployment: "deployment.md",
    derive_cost: "derive-cost.md",
    fan_out: "fan-out.md",
    forms: "forms.md",
    getting_started: "getting-started.md",
    glossary: "glossary.md",
    introduction: "introduction.md",
    languages: "languages.md",
    migrating_from_django_liveops: "migrating-from-django-liveops.md",
    observability: "observability.md",
    security: "security.md",
    stages_and_chaining: "stages-and-chaining.md",
    after_the_end: "after-the-end.md",
    staff_view: "staff-view.md",
    testing: "testing.md",
    text_mode: "text-mode.md",
    throughput: "throughput.md",
}
