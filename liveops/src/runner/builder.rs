use std::{io, path::PathBuf, sync::Arc};

use sea_orm::DatabaseConnection;

use super::{
    LiveOps, RegisteredOperation, WakeUpSender, attempt::active_runs::ActiveRuns, engine::Engine,
    queue::wake_up_sender::WakeUpQueue, registry::Registry,
};
use crate::{
    channel::{ChannelLayer, MemoryChannelLayer},
    config::{Config, ConfigError},
    language::{Language, Languages},
    operation::{FromState, NoState, OperationKind},
    progress::Run,
    publish::{Presenter, Publisher},
    render::{Renderer, Templates},
    store::Store,
    token::{SigningKeys, TokenError},
};

/// Puts a [`LiveOps`] together; from [`LiveOps::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<S> {
    db: DatabaseConnection,
    state: S,
    registry: Registry,
    conflicts: Vec<BuildError>,
    templates: Templates,
    languages: Languages,
    config: Config,
    keys: Option<SigningKeys>,
    layer: Arc<dyn ChannelLayer>,
    wake_ups: Option<Arc<dyn WakeUpSender>>,
    runner: RunnerKind,
}

/// How operations get executed.
///
/// Processes that share a database share its queue: an operation is executed by whichever has a place
/// for it first. Pages that another process serves are shown it live only through a channel layer that
/// both have; without one they see the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RunnerKind {
    /// In this process too, beside the requests: its worker starts with the first operation that is
    /// enqueued, or with [`start_worker`](LiveOps::start_worker).
    #[default]
    Spawn,
    /// By workers: processes that call [`start_worker`](LiveOps::start_worker). This one only enqueues
    /// unless it does.
    Worker,
    /// On the spot: enqueueing returns when the operation has ended. For tests and scripts.
    Eager,
}

/// Why a [`LiveOps`] could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two types have one op type, by which rows and addresses tell them apart.
    #[error(
        "`{first}` and `{second}` are both `{op_type}`: give one of them another `#[liveop(name = …)]`"
    )]
    SameOpType {
        /// The op type.
        op_type: &'static str,
        /// The type registered first.
        first: &'static str,
        /// The type registered second.
        second: &'static str,
    },
    /// A template has a name that no operation looks up.
    #[error("no registered operation has a template `{name}`; there are: {known}")]
    UnknownTemplate {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A field of a form contradicts itself.
    #[error("the form of `{op_type}`, field `{field}`: {flaw}")]
    Form {
        /// The op type.
        op_type: &'static str,
        /// The field, as it is called in JSON.
        field: &'static str,
        /// The key of `#[field(…)]` that is wrong, what was expected and what was found.
        flaw: String,
    },
    /// There is no folder where `Templates::folder` says, or it cannot be read.
    #[error("expected a folder of templates at `{}`", folder.display())]
    TemplateFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A value of the configuration is out of its bounds.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No secret could be made up where none was given.
    #[error("failed to make up a secret key")]
    Secret(#[source] TokenError),
}

impl LiveOps {
    /// Begins with the database that the operations are kept in.
    pub fn builder(db: DatabaseConnection) -> Builder<NoState> {
        Builder {
            db,
            state: NoState,
            registry: Registry::default(),
            conflicts: Vec::new(),
            templates: Templates::new(),
            languages: Languages::new(),
            config: Config::default(),
            keys: None,
            layer: Arc::new(MemoryChannelLayer::new()),
            wake_ups: None,
            runner: RunnerKind::default(),
        }
    }
}

impl<S> Builder<S> {
    /// The application's state, out of which every operation registered after this takes what its
    /// `#[liveop(state = …)]` names.
    pub fn state<T>(self, state: T) -> Builder<T> {
        Builder {
            state,
            db: self.db,
            registry: self.registry,
            conflicts: self.conflicts,
            templates: self.templates,
            languages: self.languages,
            config: self.config,
            keys: self.keys,
            layer: self.layer,
            wake_ups: self.wake_ups,
            runner: self.runner,
        }
    }

    /// Makes operations of type `Op` known.
    pub fn register<Op: Run>(mut self) -> Self
    where
        Op::State: FromState<S>,
    {
        self.add(RegisteredOperation::of::<Op>(Op::State::from_state(&self.state)));
        self
    }

    fn add(&mut self, operation: RegisteredOperation) {
        let (op_type, second) = (operation.kind.op_type, operation.type_name);
        if let Some(first) = self.registry.insert(operation) {
            let first = first.type_name;
            self.conflicts.push(BuildError::SameOpType { op_type, first, second });
        }
    }

    /// The application's templates; plain ones unless given.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }

    /// The languages that are spoken, with the application's texts; those of liveops unless given.
    pub fn languages(mut self, languages: Languages) -> Self {
        self.languages = languages;
        self
    }

    /// The configuration; [`Config::default`] unless given.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The keys that sign subscription tokens. Unless given, one is made up, and pages that were
    /// open before a restart have to fetch new tokens after it.
    pub fn signing_keys(mut self, keys: SigningKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// What carries frames between processes; [`MemoryChannelLayer`] unless given.
    pub fn channel_layer(mut self, layer: impl ChannelLayer) -> Self {
        self.layer = Arc::new(layer);
        self
    }

    /// What delivers wake-ups to other processes beside the channel layer; nothing unless given.
    pub fn wake_ups(mut self, wake_ups: impl WakeUpSender) -> Self {
        self.wake_ups = Some(Arc::new(wake_ups));
        self
    }

    /// How operations get executed; [`RunnerKind::Spawn`] unless given.
    pub fn runner(mut self, runner: RunnerKind) -> Self {
        self.runner = runner;
        self
    }

    /// Checks that everything fits together.
    ///
    /// # Errors
    ///
    /// [`BuildError`] says what does not.
    pub fn build(self) -> Result<LiveOps, BuildError> {
        if let Some(clash) = self.conflicts.into_iter().next() {
            return Err(clash);
        }
        self.config.validate()?;
        check_forms(&self.registry)?;
        check_templates(&self.templates, &self.registry)?;
        let keys = match self.keys {
            Some(keys) => keys,
            None => random_key().map_err(BuildError::Secret)?,
        };
        let renderer = Renderer::new(self.templates, &self.config.mount)
            .with_languages(self.languages)
            .with_htmx(self.config.include_htmx)
            .with_keepalive(self.config.keepalive);
        let kinds = self.registry.iter().map(|operation| operation.kind);
        let presenter = Arc::new(Presenter::new(renderer, kinds));
        let store = Store::new(self.db);
        let publisher = Publisher::new(self.layer, store.clone(), presenter.clone());
        Ok(LiveOps::new(Engine {
            store,
            presenter,
            publisher: Arc::new(publisher),
            wake_up_queue: WakeUpQueue::new(self.wake_ups),
            active_runs: Arc::new(ActiveRuns::new(self.config.concurrency_max)),
            clients: Arc::default(),
            registry: self.registry,
            config: self.config,
            keys,
            runner: self.runner,
        }))
    }
}

fn check_forms(registry: &Registry) -> Result<(), BuildError> {
    // Whoever reads it writes code, and the names of its keys are English as well.
    let language = Language::default();
    registry.iter().try_for_each(|operation| {
        let op_type = operation.kind.op_type;
        let checked = operation.form.map_or(Ok(()), |form| form.check(&language));
        checked.map_err(|(field, flaw)| BuildError::Form { op_type, field, flaw })
    })
}

fn check_templates(templates: &Templates, registry: &Registry) -> Result<(), BuildError> {
    let kinds = || registry.iter().map(|operation| &operation.kind);
    let known = |kind: &OperationKind| {
        [kind.host_template, kind.result_template, kind.result_text_template]
    };
    if let Some(name) =
        templates.names().find(|name| !kinds().any(|kind| known(kind).contains(name)))
    {
        let known: Vec<&str> = kinds().flat_map(known).collect();
        return Err(BuildError::UnknownTemplate { name: name.to_owned(), known: known.join(", ") });
    }
    if let Some(name) =
        templates.fragment_names().find(|name| !kinds().any(|kind| kind.has_fragment(name)))
    {
        let known: Vec<String> = kinds().map(|kind| kind.fragment_template("<region>")).collect();
        return Err(BuildError::UnknownTemplate { name: name.to_owned(), known: known.join(", ") });
    }
    templates
        .check_files()
        .map_err(|(folder, source)| BuildError::TemplateFolder { folder, source })
}

fn random_key() -> Result<SigningKeys, TokenError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|_| TokenError::Keys { found: "no randomness" })?;
    SigningKeys::new([secret])
}
