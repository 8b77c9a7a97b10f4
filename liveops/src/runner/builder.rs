//! The builder of a `LiveOps`: configuration, registration and validation.

use std::{
    collections::{BTreeSet, HashSet},
    io,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use sea_orm::DatabaseConnection;

use super::{
    LiveOps, OnEnd, RegisteredOperation, WakeUpSender,
    after_end::{Receiver, dispatcher::Dispatcher},
    attempt::{
        active_runs::ActiveRuns,
        database_backoff::{WRITE_WAIT_MAX, WRITES_MAX},
    },
    engine::Engine,
    lease::rescue::{RESCUE_WAIT, RESCUES_MAX},
    queue::wake_up_sender::WakeUpQueue,
    registry::Registry,
};
use crate::{
    access::{Access, AccessPolicy},
    channel::{ChannelLayer, MemoryChannelLayer},
    config::{Config, ConfigError},
    language::{Language, Languages},
    operation::{FromState, NoState, OperationKind},
    progress::{FlushPace, Run},
    publish::{Presenter, Publisher},
    render::{Renderer, Templates},
    store::{OwnConnection, Receivers, Store},
    token::{SigningKeys, TokenError},
    uploads::UploadFolder,
};

/// Builds a [`LiveOps`]. Created by [`LiveOps::builder`].
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
    access: Access,
    layer: Arc<dyn ChannelLayer>,
    wake_ups: Option<Arc<dyn WakeUpSender>>,
    runner: RunnerKind,
    receivers: Vec<Receiver>,
    /// The op types with a hook.
    hooked: HashSet<&'static str>,
    /// The names of the webhooks, with their op types; `None` for all of them.
    webhooks: Vec<(String, Option<BTreeSet<String>>)>,
}

/// The way a process executes operations.
///
/// Processes that share a database share its queue: the first process with a free worker slot executes
/// an operation. Pages served by another process show live progress only through a channel layer that
/// both processes share; without one, these pages show the row.
///
/// ```
/// # use liveops::{LiveOperation, LiveOps, OperationState, Progress, Run, RunResult, store};
/// use liveops::RunnerKind;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # struct Import {
/// #     file: String,
/// # }
/// # impl Run for Import {
/// #     type Output = ();
/// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = store::connect("sqlite::memory:").await?;
///
/// let liveops =
///     LiveOps::builder(db).register::<Import>().runner(RunnerKind::Eager).build()?;
/// liveops.migrate().await?;
///
/// // An eager `enqueue` returns when the operation has ended.
/// let id = liveops.enqueue(Import { file: "scores.csv".into() }, "ann").await?;
/// let row = liveops.find(id).await?.expect("the operation exists");
/// assert_eq!(row.state(), OperationState::FinishedOk);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RunnerKind {
    /// Executes operations in this process, beside the requests. The worker starts with the first
    /// enqueued operation, or with [`start_worker`](LiveOps::start_worker).
    #[default]
    Spawn,
    /// Executes operations in worker processes, which call [`start_worker`](LiveOps::start_worker).
    /// This process only enqueues, unless it calls `start_worker` too.
    Worker,
    /// Executes an operation during the enqueue call, which returns when the operation has ended. For
    /// tests and scripts.
    Eager,
}

/// An error from [`Builder::build`]. [`LiveOps`] has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two types share an op type. The op type must be unique because rows and URLs identify a type by
    /// it.
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
    /// A hook is for a type that is not registered.
    #[error("`{op_type}` has a hook and is not registered: add `.register::<…>()` to the builder")]
    NotRegistered {
        /// The op type.
        op_type: &'static str,
    },
    /// A type has two hooks, of which each end would reach one.
    #[error("`{op_type}` has two hooks: call `.on_end::<…>()` once for each type")]
    TwoHooks {
        /// The op type.
        op_type: &'static str,
    },
    /// A webhook has an invalid URL or secret, or the URL of another webhook.
    #[cfg(feature = "webhooks")]
    #[error("the webhook `{url}`: {flaw}")]
    Webhook {
        /// The URL, without its query.
        url: String,
        /// The flaw.
        flaw: String,
    },
    /// A template has a name that no registered operation uses.
    #[error("no registered operation uses a template `{name}`; known templates: {known}")]
    UnknownTemplate {
        /// The name of the template.
        name: String,
        /// The names that the registered operations use.
        known: String,
    },
    /// A form field has contradictory settings.
    #[error("the form of `{op_type}`, field `{field}`: {flaw}")]
    Form {
        /// The op type.
        op_type: &'static str,
        /// The field, by its JSON name.
        field: &'static str,
        /// The wrong key of `#[field(…)]`, the expected value and the value found.
        flaw: String,
    },
    /// The folder given to `Templates::folder` does not exist or cannot be read.
    #[error("expected a folder of templates at `{}`", folder.display())]
    TemplateFolder {
        /// The folder.
        folder: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A setting of [`Config`] has a value out of its bounds.
    #[error("expected `{field}` to be {expected}, found {found}")]
    Config {
        /// The name of the field.
        field: &'static str,
        /// The allowed values.
        expected: &'static str,
        /// The value.
        found: String,
    },
    /// No signing keys were given, and generating a random key failed.
    #[error("failed to generate a secret key")]
    Secret(#[source] TokenError),
}

impl LiveOps {
    /// Returns a builder of a [`LiveOps`] that keeps its operations in `db`.
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
            access: Access::default(),
            layer: Arc::new(MemoryChannelLayer::new()),
            wake_ups: None,
            runner: RunnerKind::default(),
            receivers: Vec::new(),
            hooked: HashSet::new(),
            webhooks: Vec::new(),
        }
    }
}

impl<S> Builder<S> {
    /// Sets the application's state. Each operation registered afterwards takes its `#[liveop(state =
    /// …)]` type from this state.
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
            access: self.access,
            layer: self.layer,
            wake_ups: self.wake_ups,
            runner: self.runner,
            receivers: self.receivers,
            hooked: self.hooked,
            webhooks: self.webhooks,
        }
    }

    /// Registers the operation type `Op`.
    pub fn register<Op: Run>(mut self) -> Self
    where
        Op::State: FromState<S>,
    {
        self.add(RegisteredOperation::of::<Op>(Op::State::from_state(&self.state)));
        self
    }

    #[cfg(feature = "testing")]
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn add(&mut self, operation: RegisteredOperation) {
        let (op_type, second) = (operation.kind.op_type, operation.type_name);
        if let Some(first) = self.registry.insert(operation) {
            let first = first.type_name;
            self.conflicts.push(BuildError::SameOpType { op_type, first, second });
        }
    }

    /// Calls `hook` after each end of an operation of type `Op`: finished, failed or cancelled, in any process.
    ///
    /// The end is committed before the call. A call is repeated until a hook returns `Ok`, also after a crash of the
    /// process, so a hook is called **at least once** for each end: it can recognize a repetition by
    /// [`Ended::key`](super::Ended::key). The calls of different ends have no order.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, store};
    /// # use serde::{Deserialize, Serialize};
    /// use liveops::runner::{Ended, OperationOutcome};
    ///
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import {
    /// #     file: String,
    /// # }
    /// # impl Run for Import {
    /// #     type Output = usize;
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<usize> {
    /// #         Ok(3)
    /// #     }
    /// # }
    /// async fn send_mail(to: &str, text: String, idempotency_key: &str) -> RunResult<()> {
    ///     // …
    /// #     assert_eq!((to, &*text), ("ann", "3 rows of scores.csv"));
    /// #     assert!(idempotency_key.ends_with("-1"));
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let builder = LiveOps::builder(db).runner(RunnerKind::Eager);
    /// let liveops = builder
    ///     .register::<Import>()
    ///     .on_end::<Import>(|ended| async move {
    ///         let Ended { input, outcome, owner, key, .. } = ended;
    ///         let text = match outcome {
    ///             OperationOutcome::Finished(rows) => format!("{rows} rows of {}", input.file),
    ///             OperationOutcome::Failed(error) => format!("{}: {error}", input.file),
    ///             OperationOutcome::Cancelled => return Ok(()),
    ///         };
    ///         send_mail(owner.as_str(), text, &key).await
    ///     })
    ///     .build()?;
    /// # liveops.migrate().await?;
    /// # liveops.enqueue(Import { file: "scores.csv".into() }, "ann").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Where and when
    ///
    /// Call this method in every process that registers the type, also in those that run no operations: the process
    /// that commits an end records it for the hook. A process that runs operations
    /// ([`start_worker`](LiveOps::start_worker)) then calls the hook, within [`Config::poll_interval`] of the end. With
    /// [`RunnerKind::Eager`], an enqueue or a cancellation returns after the first call. Types without a hook cost
    /// nothing.
    ///
    /// A type has one hook. Each hook has 16 calls at once in each process, on the threads of the runs, so a slow hook
    /// delays neither runs nor other hooks.
    ///
    /// # Errors and retries
    ///
    /// An error, a panic, and a call that takes longer than [`Config::hook_timeout`] are retried after 1 second, 2
    /// seconds, 4 seconds and so on, up to 1 hour. Three days after the end, or after an error with
    /// [`without_next_attempt`](crate::RunError::without_next_attempt), the hook is not called again for this end. The
    /// log then has an ERROR, and the staff view of the operation shows it. A call that a crash interrupts is repeated
    /// after twice the time limit.
    ///
    /// A call that reaches its time limit is dropped at its next `.await`.
    ///
    /// [`prune`](LiveOps::prune) does not delete the recorded ends that no hook has accepted.
    pub fn on_end<Op: Run>(mut self, hook: impl OnEnd<Op>) -> Self {
        if !self.hooked.insert(Op::OP_TYPE) {
            self.conflicts.push(BuildError::TwoHooks { op_type: Op::OP_TYPE });
        }
        self.receivers.push(Receiver::hook(hook));
        self
    }

    /// Sends a signed HTTP request to a URL after each end of an operation, of all types or of some.
    /// [`webhook`](crate::webhook) documents the request, and checks its signature.
    ///
    /// A request is sent **at least once** for each end, and never before the end is committed. Call this method in
    /// every process that enqueues, runs or shows operations, as [`on_end`](Self::on_end): the process that commits an
    /// end records it for the webhook, and a process that runs operations sends the request. A new URL is a new
    /// webhook: ends that the old URL has not accepted are not sent to it.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store};
    /// # use serde::{Deserialize, Serialize};
    /// use liveops::webhook::Webhook;
    ///
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import {
    /// #     file: String,
    /// # }
    /// # impl Run for Import {
    /// #     type Output = usize;
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<usize> {
    /// #         Ok(3)
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// let secret = b"a secret of at least 32 bytes, from the environment";
    /// let billing = Webhook::new("http://billing.example/liveops", secret).for_type::<Import>();
    /// let liveops = LiveOps::builder(db).register::<Import>().webhook(billing).build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Answers and retries
    ///
    /// An answer from 200 to 299 accepts the end. Every other answer, a failed connection, and a receiver that does not
    /// answer within [`Config::hook_timeout`] are retried as [`on_end`](Self::on_end) describes, for three days. A
    /// receiver can request a longer wait, of a day at most, with `Retry-After`. The answer 410 ends the retries.
    ///
    /// liveops follows no redirects, uses no proxy, trusts the root certificates of the machine, and reads the headers
    /// of an answer only, 16 KiB at most. Each webhook has 16 requests at once in each process, so a slow receiver
    /// delays neither runs nor other receivers.
    #[cfg(feature = "webhooks")]
    pub fn webhook(mut self, webhook: crate::webhook::Webhook) -> Self {
        let added = Receiver::webhook(&webhook).and_then(|receiver| {
            let is_taken = self.webhooks.iter().any(|(name, _)| *name == receiver.name);
            if is_taken { Err("another webhook has this URL".to_owned()) } else { Ok(receiver) }
        });
        match added {
            Ok(receiver) => {
                self.webhooks.push((receiver.name.clone(), webhook.op_types));
                self.receivers.push(receiver);
            }
            Err(flaw) => {
                let url = webhook.url.split('?').next().unwrap_or_default();
                // Without a password, which the flaw may be about.
                let url = url.rsplit_once('@').map_or(url, |(_, host)| host).to_owned();
                self.conflicts.push(BuildError::Webhook { url, flaw });
            }
        }
        self
    }

    /// Sets the application's templates. The default is the plain built-in templates.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }

    /// Sets the supported languages, with the application's texts. The default is the languages of
    /// liveops.
    pub fn languages(mut self, languages: Languages) -> Self {
        self.languages = languages;
        self
    }

    /// Sets the configuration. The default is [`Config::default`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the keys that sign subscription tokens. The default is one random key, so that pages opened
    /// before a restart of the process have to fetch new tokens.
    pub fn signing_keys(mut self, keys: SigningKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Sets the policy that decides which viewer may create, see and change which operation. Without this call, the
    /// default methods of [`AccessPolicy`] decide.
    pub fn access_policy(mut self, policy: impl AccessPolicy) -> Self {
        self.access = Access::new(policy);
        self
    }

    /// Sets the channel layer, which carries frames between processes. The default is
    /// [`MemoryChannelLayer`].
    pub fn channel_layer(mut self, layer: impl ChannelLayer) -> Self {
        self.layer = Arc::new(layer);
        self
    }

    /// Sets the sender that delivers wake-ups to other processes, in addition to the channel layer. The
    /// default is no sender.
    pub fn wake_ups(mut self, wake_ups: impl WakeUpSender) -> Self {
        self.wake_ups = Some(Arc::new(wake_ups));
        self
    }

    /// Sets the way operations are executed. The default is [`RunnerKind::Spawn`].
    pub fn runner(mut self, runner: RunnerKind) -> Self {
        self.runner = runner;
        self
    }

    /// Validates the parts and builds the [`LiveOps`].
    ///
    /// # Errors
    ///
    /// Returns a [`BuildError`] that names the first invalid part.
    pub fn build(self) -> Result<LiveOps, BuildError> {
        if let Some(conflict) = self.conflicts.into_iter().next() {
            return Err(conflict);
        }
        self.config.validate().map_err(|ConfigError { field, expected, found }| {
            BuildError::Config { field, expected, found }
        })?;
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
        if let Some(op_type) =
            self.hooked.iter().find(|op_type| self.registry.find(op_type).is_none())
        {
            return Err(BuildError::NotRegistered { op_type });
        }
        let op_types = self.registry.iter().map(|operation| operation.kind.op_type);
        let op_types = op_types.map(|op_type| (op_type, self.hooked.contains(op_type)));
        let store = Store::new(self.db).with_receivers(Receivers::new(op_types, self.webhooks));
        let publisher = Publisher::new(self.layer, store.clone(), presenter.clone());
        let deadline = self.config.lease / 3;
        let uploads = UploadFolder::new(
            self.config.upload_dir.as_deref(),
            store.database_file().as_deref(),
            store.is_in_memory(),
            self.config.upload_bytes_per_owner_max,
        );
        Ok(LiveOps::new(Engine {
            claim_connection: OwnConnection::kept_open_to_server(&store, deadline),
            rescue_connections: OwnConnection::for_many_uses(
                &store,
                deadline.max(RESCUE_WAIT),
                RESCUES_MAX,
            ),
            write_connections: OwnConnection::for_each_use(&store, WRITE_WAIT_MAX, WRITES_MAX),
            store,
            presenter,
            publisher: Arc::new(publisher),
            wake_up_queue: WakeUpQueue::new(self.wake_ups),
            active_runs: Arc::new(ActiveRuns::new(self.config.concurrency_max)),
            dispatcher: Dispatcher::new(self.receivers),
            clients: Arc::default(),
            flush_pace: Arc::new(FlushPace::new()),
            has_warned_of_hosts: AtomicBool::new(false),
            registry: self.registry,
            config: self.config,
            keys,
            uploads: Arc::new(uploads),
            access: self.access,
            runner: self.runner,
        }))
    }
}

fn check_forms(registry: &Registry) -> Result<(), BuildError> {
    // The reader is a developer, and the attribute keys are English too.
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
        templates.region_names().find(|name| !kinds().any(|kind| kind.has_fragment(name)))
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
