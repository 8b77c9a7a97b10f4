//! The texts of liveops.

/// Declares the texts with their IDs in the files of `liveops/texts`.
macro_rules! texts {
    ($($name:ident = $id:literal,)*) => {
        /// A text of liveops.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(not(any(feature = "cli", test)), expect(dead_code, reason = "terminals have their own"))]
        pub(crate) enum Text { $($name,)* }

        impl Text {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the ID of the message.
            pub(super) const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

texts! {
    NotStarted = "not-started",
    Started = "started",
    FinishedOk = "finished-ok",
    FinishedError = "finished-error",
    Cancelled = "cancelled",

    StagePending = "stage-pending",
    StageActive = "stage-active",
    StageDone = "stage-done",
    StageFailed = "stage-failed",
    StageCancelled = "stage-cancelled",
    StageReused = "stage-reused",

    Cancel = "cancel",
    Cancelling = "cancelling",
    Retry = "retry",
    Continue = "continue",
    ContinuedIn = "continued-in",

    AttemptOf = "attempt-of",
    NextAttemptIn = "next-attempt-in",
    AttemptFailed = "attempt-failed",
    HandBacks = "hand-backs",

    Progress = "progress",
    Percent = "percent",
    DoneOfTotal = "done-of-total",
    PerSecond = "per-second",
    TimeLeft = "time-left",
    Labelled = "labelled",

    HoursMinutes = "hours-minutes",
    MinutesSeconds = "minutes-seconds",
    Seconds = "seconds",

    Operation = "operation",
    Log = "log",
    WholeLog = "whole-log",
    LinesGone = "lines-gone",
    Traceback = "traceback",

    Connected = "connected",
    Reconnecting = "reconnecting",
    Offline = "offline",
    Refused = "refused",
    Unreachable = "unreachable",

    Operations = "operations",
    AllOperations = "all-operations",
    NoOperations = "no-operations",
    NextPage = "next-page",
    PreviousPage = "previous-page",
    State = "state",
    Status = "status",
    Owner = "owner",
    Created = "created",
    EveryState = "every-state",
    Search = "search",
    Show = "show",

    Type = "type",
    EveryType = "every-type",
    Age = "age",
    EveryAge = "every-age",
    WithinHour = "within-hour",
    WithinDays = "within-days",
    OlderThanDays = "older-than-days",
    Sort = "sort",
    Newest = "newest",
    Oldest = "oldest",
    LastFinished = "last-finished",
    LongestRunning = "longest-running",
    SelectAll = "select-all",
    SelectOperation = "select-operation",
    CancelSelected = "cancel-selected",
    RetrySelected = "retry-selected",
    DoneOfSelected = "done-of-selected",
    NothingSelected = "nothing-selected",
    StaffOnly = "staff-only",

    ForStaff = "for-staff",
    Input = "input",
    Attempt = "attempt",
    AttemptsBefore = "attempts-before",
    Worker = "worker",
    Queue = "queue",
    Priority = "priority",
    NotBefore = "not-before",
    Due = "due",
    StartedOn = "started-on",
    EndedOn = "ended-on",
    Waited = "waited",
    Ran = "ran",
    ChainedFrom = "chained-from",
    ChainedTo = "chained-to",
    Stage = "stage",
    Entered = "entered",
    Left = "left",
    Took = "took",
    Unknown = "unknown",

    WentWrong = "went-wrong",
    TookTooLong = "took-too-long",
    ResultTooLarge = "result-too-large",
    WorkerLost = "worker-lost",
    WorkerLostEachTime = "worker-lost-each-time",
    Interrupted = "interrupted",
    StartsAgain = "starts-again",
    CannotBeStopped = "cannot-be-stopped",
    MayStillRun = "may-still-run",

    StageWasReused = "stage-was-reused",
    StageHasFailed = "stage-has-failed",
    Warning = "warning",
    Error = "error",
    Result = "result",

    BadRequestTitle = "bad-request-title",
    ForbiddenTitle = "forbidden-title",
    NotFoundTitle = "not-found-title",
    ConflictTitle = "conflict-title",
    TooLargeTitle = "too-large-title",
    UnsupportedTitle = "unsupported-title",
    InvalidTitle = "invalid-title",
    TooManyTitle = "too-many-title",
    InternalTitle = "internal-title",
    ShowIt = "show-it",
    AlreadyEnded = "already-ended",
    NotEnded = "not-ended",
    NotRegistered = "not-registered",
    Duplicate = "duplicate",
    NotFound = "not-found",
    TooManyPages = "too-many-pages",
    UploadTooLarge = "upload-too-large",
    Internal = "internal",
    OtherSite = "other-site",
    NotInGroup = "not-in-group",

    Mistakes = "mistakes",
    Start = "start",
    Required = "required",
    OnePerLine = "one-per-line",
    InUtc = "in-utc",
    FilesAgain = "files-again",
    Yes = "yes",
    No = "no",
    Missing = "missing",
    MissingChoice = "missing-choice",
    MissingFile = "missing-file",
    NotUploaded = "not-uploaded",
    NotAList = "not-a-list",
    Several = "several",
    NotAChoice = "not-a-choice",
    NotAnEmail = "not-an-email",
    NotAUrl = "not-a-url",
    NotBase64 = "not-base64",
    NotAString = "not-a-string",
    NotWhole = "not-whole",
    NotANumber = "not-a-number",
    NotYesOrNo = "not-yes-or-no",
    NotADate = "not-a-date",
    NotATime = "not-a-time",
    NotADateTime = "not-a-date-time",
    NotAnInstant = "not-an-instant",
    OutOfBounds = "out-of-bounds",
    TooSmall = "too-small",
    TooGreat = "too-great",
    TooLong = "too-long",
    FileTooLarge = "file-too-large",
    NotAccepted = "not-accepted",
}
