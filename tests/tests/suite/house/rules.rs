use super::source::{Fact, Source};

/// The modules in the order of `lib.rs`, a floor of the house each line: a module uses only modules
/// listed above it.
const FLOORS: [&[&str]; 8] = [
    &[
        "config",
        "parse_error",
        "plain_text",
        "operation",
        "panic",
        "event",
        "language",
        "metrics",
        "rate_limit",
        "span",
        "token",
        "webhook",
        "form",
        "projection",
        "error",
    ],
    &["render"],
    &["pooler", "channel", "store", "uploads", "access"],
    &["progress"],
    &["publish"],
    &["runner"],
    &["web", "cli"],
    // Beside the house: these use everything, and nothing in the house uses them.
    &["testing", "__private"],
];

/// The two engines: either can be exchanged without the other.
const STRANGERS: [&str; 2] = ["store", "channel"];

/// Where each crate may be named: the start of a path from `src`.
const ROOMS: [(&str, &[&str]); 23] = [
    ("apalis_core", &["runner/queue/apalis.rs"]),
    // What is served on the command line is a router of the application's.
    ("axum", &["cli/", "testing/", "web/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/"]),
    ("http_body_util", &["runner/after_end/webhook/", "web/serve/"]),
    ("hyper", &["runner/after_end/webhook/", "web/serve/"]),
    ("hyper_util", &["runner/after_end/webhook/", "web/serve/"]),
    ("rustls", &["channel/redis/", "runner/after_end/webhook/"]),
    ("rustls_native_certs", &["runner/after_end/webhook/"]),
    ("tokio_rustls", &["runner/after_end/webhook/"]),
    ("rustix", &["uploads/folder.rs", "web/serve/limit.rs"]),
    ("indicatif", &["cli/"]),
    ("unicode_width", &["cli/"]),
    // The builder receives a connection, and `enqueue` joins a transaction of the application. The PostgreSQL channel
    // layer uses sea-orm too. The store and this layer must detect a connection pooler.
    (
        "sea_orm",
        &["pooler.rs", "store/", "channel/postgres/", "runner/builder.rs", "runner/enqueue.rs"],
    ),
    ("sea_query_sqlx", &["store/server_pool.rs"]),
    ("sea_orm_migration", &["store/", "runner/builder.rs"]),
    ("fluent_bundle", &["language/i18n/"]),
    ("redis", &["channel/redis"]),
    // Whoever counts something goes through the list of all metrics.
    ("metrics", &["metrics/"]),
    ("minijinja", &["render/templates/folder.rs"]),
    // Optional, and the layer is all that it is for.
    ("tracing_subscriber", &["progress/log_layer/"]),
    // A view of the user's is markup.
    ("maud", &["render/", "web/", "progress/templates.rs", "progress/web_progress.rs"]),
];

/// What writes an ending into the store.
const TERMINAL_WRITES: [&str; 2] = ["finish_run", "give_up"];

/// Every rule that a file breaks, as `file: rule`.
pub(super) fn broken_rules(path: &str, text: &str) -> Vec<String> {
    if path == "lib.rs" {
        return Vec::new();
    }
    let module = module_of(path);
    let Some(position) = position_of(module) else {
        return vec![format!("{path}: `{module}` has no floor")];
    };
    let source = Source::read(path, text);
    let here = Place { path, module, position };
    let broken = source.facts.iter().filter_map(|fact| here.objection(fact));
    broken.map(|rule| format!("{path}: {rule}")).collect()
}

/// The module of the crate's root that a file belongs to.
pub(super) fn module_of(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or(path)
}

/// Where in the house a file is.
struct Place<'a> {
    path: &'a str,
    module: &'a str,
    position: usize,
}

impl Place<'_> {
    fn objection(&self, fact: &Fact) -> Option<String> {
        match fact {
            Fact::CratePath { module, .. } => self.objection_to_use(module),
            Fact::ExternalPath(name) => {
                let (_, rooms) = ROOMS.iter().find(|(room, _)| room == name)?;
                let at_home = rooms.iter().any(|room| self.path.starts_with(room));
                (!at_home).then(|| format!("`{name}` is used outside {}", rooms.join(", ")))
            }
            Fact::Waiting(word) => {
                (self.module == "render").then(|| format!("`{word}` in render, which never waits"))
            }
            Fact::Member(name) => (self.module != "runner"
                && TERMINAL_WRITES.contains(&name.as_str()))
            .then(|| format!("`{name}` is called outside the runner")),
        }
    }

    fn objection_to_use(&self, target: &str) -> Option<String> {
        let Some(position) = position_of(target) else {
            return Some(format!("`crate::{target}`: name the module"));
        };
        let are_strangers = target != self.module
            && STRANGERS.contains(&target)
            && STRANGERS.contains(&self.module);
        if are_strangers {
            let [one, other] = STRANGERS;
            return Some(format!("`{one}` and `{other}` do not know each other"));
        }
        (position > self.position)
            .then(|| format!("`{}` uses `{target}`, which is listed below it", self.module))
    }
}

/// How many modules are listed above one.
fn position_of(module: &str) -> Option<usize> {
    listed_modules().position(|listed| listed == module)
}

/// Every module that has a floor, from the ground floor up.
pub(super) fn listed_modules() -> impl Iterator<Item = &'static str> {
    FLOORS.into_iter().flatten().copied()
}

/// The crates that have a room.
pub(super) fn is_confined(name: &str) -> bool {
    ROOMS.iter().any(|(room, _)| *room == name)
}
