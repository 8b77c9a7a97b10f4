//! Descriptions of operations for pages, lists and signals, made from their rows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    channel::{Chained, Finished, Signal},
    event::LinkedOperation,
    language::Language,
    operation::{OperationId, OperationKind, OperationState},
    projection::Projection,
    render::{ContainerOptions, ListRow, Renderer, Subject, awaited_in_words},
    store::Model,
};

/// Describes operations from their rows: titles, URLs, list rows and the signals of an ending.
#[derive(Debug)]
pub(crate) struct Presenter {
    pub(crate) renderer: Renderer,
    /// Every registered kind, by op type.
    kinds: HashMap<&'static str, OperationKind>,
    /// The op types of rows whose type is not registered. Leaked, so that a kind can hold them. There are few,
    /// because only a process that registers a type writes rows of the type.
    unregistered: Mutex<HashMap<String, &'static str>>,
    /// The stages of rows whose attempt was run by a version of the application with other stages. Leaked, for the same
    /// reasons.
    other_stages: Mutex<HashMap<Vec<String>, &'static [&'static str]>>,
}

/// The row of an operation in a chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkedRow<'a> {
    pub(crate) op_type: &'a str,
    pub(crate) id: OperationId,
    /// The description in the row, if it is known.
    pub(crate) description: Option<&'a str>,
}

impl<'a> LinkedRow<'a> {
    pub(crate) fn of(row: &'a Model) -> Self {
        let description = row.description.as_deref();
        Self { op_type: &row.op_type, id: row.operation_id(), description }
    }
}

impl Presenter {
    pub(crate) fn new(renderer: Renderer, kinds: impl IntoIterator<Item = OperationKind>) -> Self {
        let kinds = kinds.into_iter().map(|kind| (kind.op_type, kind)).collect();
        Self { renderer, kinds, unregistered: Mutex::default(), other_stages: Mutex::default() }
    }

    /// Returns the kind of this row's operation; `None` if its type is not registered.
    pub(crate) fn registered_kind_of(&self, row: &Model) -> Option<OperationKind> {
        self.kinds.get(row.op_type.as_str()).copied()
    }

    /// Returns the kind of this row's operation, with the stages that the row holds. The kind of a type that is not
    /// registered has the op type as its title, and no templates.
    pub(crate) fn kind_of(&self, row: &Model) -> OperationKind {
        let kind = self.kind(&row.op_type);
        let labels = row.stage_labels();
        if labels.is_empty() || labels == kind.stages {
            return kind;
        }
        // The weights belong to the registered stages.
        OperationKind { stages: self.other_stages(labels), stage_weights: &[], ..kind }
    }

    fn other_stages(&self, labels: Vec<String>) -> &'static [&'static str] {
        let mut known = self.other_stages.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(labels).or_insert_with_key(|labels| {
            let leaked = labels.iter().map(|label| &*label.clone().leak());
            leaked.collect::<Vec<&'static str>>().leak()
        })
    }

    /// Returns the op type under which metrics count this row: a registered one, or a fixed substitute.
    pub(crate) fn metric_op_type(&self, row: &Model) -> &'static str {
        self.registered_kind_of(row).unwrap_or(OperationKind::UNREGISTERED).op_type
    }

    /// Returns the path of this row's page.
    pub(crate) fn page_url(&self, row: &Model) -> String {
        self.renderer.url(&row.op_type, row.operation_id())
    }

    /// Returns an operation of `op_type`, which need not be registered.
    pub(crate) fn subject(&self, op_type: &str, id: OperationId) -> Subject {
        Subject { kind: self.kind(op_type), id }
    }

    fn kind(&self, op_type: &str) -> OperationKind {
        if let Some(kind) = self.kinds.get(op_type) {
            return *kind;
        }
        let mut unregistered = self.unregistered.lock().unwrap_or_else(PoisonError::into_inner);
        let op_type = match unregistered.get(op_type) {
            Some(known) => known,
            None => {
                let leaked: &'static str = op_type.to_owned().leak();
                unregistered.insert(op_type.to_owned(), leaked);
                leaked
            }
        };
        OperationKind::unregistered(op_type)
    }

    /// Returns the owner's language, in which the operation reports.
    pub(crate) fn language(&self, row: &Model) -> Language {
        self.renderer.languages().find(&row.language)
    }

    /// Returns a renderer in the owner's language.
    pub(crate) fn renderer_for_row(&self, row: &Model) -> Renderer {
        self.renderer.with_language(&row.language)
    }

    /// Returns the signal that an operation has ended, with the state in its row.
    pub(crate) fn finished_signal(&self, row: &Model) -> Signal {
        Signal::Finished(Finished {
            id: row.operation_id(),
            state: row.state(),
            url: self.renderer.url(&row.op_type, row.operation_id()),
            success_url: row.success_url.as_deref().map(Arc::from),
        })
    }

    /// Returns the link from the operation of `row` to another operation of its chain.
    pub(crate) fn link(&self, row: &Model, linked: LinkedRow<'_>) -> LinkedOperation {
        let LinkedRow { op_type, id, description } = linked;
        let title = self.language(row).title(&self.kind(op_type));
        LinkedOperation {
            title: title.into(),
            description: description.map(Arc::from),
            url: self.renderer.url(op_type, id).into(),
        }
    }

    /// Returns the signal that the page of `previous` continues with another operation.
    ///
    /// The page shows the new operation as waiting until the first frame of its own channel.
    pub(crate) fn chained_signal(&self, previous: &Model, next: LinkedRow<'_>) -> Signal {
        let LinkedRow { op_type, id, description } = next;
        let subject = self.subject(op_type, id);
        let waiting = Projection::new(subject.kind.stages.len());
        let renderer = self.renderer_for_row(previous);
        let snapshot = renderer.snapshot(&subject, &waiting);
        let connection = ContainerOptions {
            follows: Some(previous.operation_id()),
            previous: Some(self.link(previous, LinkedRow::of(previous))),
            description: description.map(str::to_owned),
            ..ContainerOptions::default()
        };
        let container = renderer.container(&subject, waiting.state, &snapshot, &connection);
        let url = renderer.url(op_type, id);
        Signal::Chained(Chained { id, url, container: container.0.into() })
    }

    /// Returns the list row of an operation in `language`.
    ///
    /// `live` is the projection of a run in this process, which is newer than the row.
    pub(crate) fn list_row(
        &self,
        row: &Model,
        live: Option<&Projection>,
        language: &Language,
    ) -> ListRow {
        let kind = self.kind_of(row);
        let title = language.title(&kind).into_owned();
        let awaited = row.awaits(&kind).filter(|_| row.state() == OperationState::NotStarted);
        let status = match (awaited, &row.error_message) {
            (Some(awaited), _) => language.translate(awaited_in_words(awaited)),
            (None, Some(message)) => message.clone(),
            (None, None) => row.status_text.clone(),
        };
        let list_row = ListRow {
            id: row.operation_id(),
            owner: row.owner_id(),
            state: row.state(),
            title,
            description: row.description.clone(),
            #[cfg(feature = "cli")]
            op_type: row.op_type.clone(),
            url: self.page_url(row),
            percent: row.percent,
            status,
            created_on: row.created_on,
            started_on: row.started_on,
            finished_on: row.finished_on,
        };
        match live {
            Some(live) if !row.state().is_terminal() => ListRow {
                state: live.state,
                percent: live.percent(kind.stage_weights),
                status: live
                    .status
                    .as_ref()
                    .map(|status| status.text.to_string())
                    .unwrap_or_default(),
                ..list_row
            },
            _ => list_row,
        }
    }
}
