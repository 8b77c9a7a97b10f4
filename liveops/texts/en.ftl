# The texts of liveops. The IDs are those of `Text` in language/text.rs. A test ensures that every file here
# has all of them, with the same variables.

## States of an operation

not-started = Waiting to start
waits-for-newer-version = Waits for a newer version of the application
waits-for-earlier-version = Waits for an earlier version of the application
started = Running
finished-ok = Finished
finished-error = Failed
cancelled = Cancelled

## States of a stage

stage-pending = pending
stage-active = active
stage-done = done
stage-failed = failed
stage-cancelled = cancelled
stage-reused = reused

## Actions

cancel = Cancel
cancelling = Cancelling…
retry = Retry
retry-question = The result stays under “Earlier attempts”.
run-again = Run again
continue = Continue
# Precede the title of the next and of the previous operation of a chain.
continued-in = Continued in
continued-from = Continued from

## Attempts

attempt-of = Attempt { $number } of { $max }
# Follows `attempt-of` and precedes the duration.
next-attempt-in = , next attempt in
attempt-failed = Attempt { $number } of { $max } failed, next attempt in { $wait }: { $message }
hand-backs = Restarts of the server: { $count }
earlier-attempts = Earlier attempts
attempt-number = Attempt { $number }
attempt-lost = Worker stopped responding
attempt-handed-back = Interrupted by a restart

## Progress

progress = Progress
percent = { $percent } %
done-of-total = { $done } of { $total }
per-second = { $rate }/s
time-left = { $time } left
# Precedes the position of the progress bar of a run that failed or was cancelled.
stopped-at = Stopped at { $position }
# The current work and its progress.
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } h { $minutes } min
minutes-seconds = { $minutes } min { $seconds } s
seconds = { $seconds } s
size-bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } bytes
    }
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-gigabytes = { $count } GB

## Page of an operation

operation = Operation
log = Log
new-lines = New lines: { $count }
whole-log = Whole log
lines-left-out =
    { $lines ->
        [one] { $lines } line left out
       *[other] { $lines } lines left out
    }
traceback = Traceback
details = Details

## Connection

connected = Live
reconnecting = Reconnecting…
offline = Offline
refused = The action failed. Please try again.
unreachable = The server could not be reached. Please try again.
signed-out = You are signed out. Sign in again.
dismiss = Dismiss

## List of operations

operations = Operations
all-operations = All operations
no-operations = No operations.
search-continues = There are no more matches in the { $count } operations searched. The search continues on the next page.
next-page = Next page
previous-page = Previous page
state = State
status = Status
owner = Owner
created = Created
description = Description
every-state = All
search = Search
show = Show

## List for staff

type = Type
every-type = All
age = Age
every-age = Any
within-hour = Within the last hour
within-days =
    { $days ->
        [one] Within the last day
       *[other] Within the last { $days } days
    }
older-than-days =
    { $days ->
        [one] More than a day ago
       *[other] More than { $days } days ago
    }
sort = Order
newest = Newest first
oldest = Oldest first
last-finished = Last ended first
longest-running = Longest running first
select-all = Select all on this page
select-operation = Select { $title }, { $owner }, { $created }
cancel-selected = Cancel selected
retry-selected = Retry selected
done-of-selected = Applied to { $done } of { $all } operations.
nothing-selected = No operations selected.
staff-only = Staff only.

## Staff details of an operation

for-staff = For staff
input = Input
attempt = Attempt
attempts-before = Uncounted attempts
worker = Worker
queue = Queue
priority = Priority
not-before = Not before
due = Due
started-on = Started
ended-on = Ended
waited = Waiting time
ran = Running time
chained-from = Started by
chained-to = Continued in
actions = Actions
the-application = the application
action-create = Created
action-cancel = Cancelled
action-retry = Retried
action-bulk-cancel = Cancelled with others
action-bulk-retry = Retried with others
action-prune = Old operations deleted
action-give-up-hook = Hook after the end given up after failures
last-prune = Old operations were last deleted on { $time } ({ $count }).
stage = Stage
entered = Started
left = Ended
took = Duration
unknown = unknown

## Reasons for the end of a run

went-wrong = Something went wrong. If this happens again, give support this reference: { $id }
took-too-long = Stopped because it took longer than { $time }.
result-too-large = The result is too large to be stored. If you need it, give support this reference: { $id }
worker-lost = The worker stopped responding.
worker-lost-each-time = The worker stopped responding in every attempt.
interrupted = Interrupted by a restart.
# A line of the log.
starts-again = The server restarted; the operation starts again.
# The status of an operation that has ended although its thread continues.
cannot-be-stopped = The code of this operation is still running and cannot be stopped.
# Follows another sentence.
may-still-run = Part of it may still be running.

## In a terminal

stage-was-reused = Reused from an earlier attempt
stage-has-failed = This stage failed
warning = Warning
error = Error
result = Result
# The number of values of a result that are not shown.
more = { $count } more

## Refused requests

bad-request-title = Bad request
forbidden-title = Not allowed
not-found-title = Not found
conflict-title = Not possible now
too-large-title = Too large
unsupported-title = Unknown format
invalid-title = Invalid input
too-many-title = Too many requests
busy-title = Busy
internal-title = Error
show-it = Show operation
already-ended = The operation has already ended.
not-ended = The operation has not ended yet.
not-registered = The application no longer supports this type of operation.
outdated-input = The application no longer accepts the input of this operation. Start a new operation.
retry-in-other-version = Only another version of the application can retry this operation. Try again in a few minutes.
duplicate = The same operation is already waiting or running.
not-found = Operation not found.
too-many-pages = Too many open pages. Close some pages and try again.
too-many-waiting = You already have { $max } waiting operations. Wait until some of them have started.
upload-too-large = The file has { $found }; at most { $max } are allowed.
upload-over-limit = The file is too large; at most { $max } are allowed.
input-too-large = The input has { $found }; at most { $max } are allowed.
input-over-limit = The input is too large; at most { $max } are allowed.
quota-reached = Your files would have { $found } together; at most { $max } are allowed. Files are deleted with their operations.
too-many-fields = The form has too many fields; at most { $max } are allowed.
too-many-files = You sent too many files; at most { $max } are allowed.
too-many-values = The input has too many values; at most { $max } are allowed.
too-many-pieces = The request arrived in too many small pieces.
incomplete = The request did not arrive completely. Try again.
not-utf8 = The form contains text that is not UTF-8.
has-nul = The character U+0000 is not allowed.
not-a-form = The form could not be read.
file-without-name = A file was sent without its name. Send the file again with its name.
busy = The server is busy. Try again in a moment.
internal = Something went wrong on the server.
other-site = Requests from other sites are refused.
unknown-host = This address is not known here.
not-in-group = You don't have access to this page.
not-allowed = You don't have permission to do this.

## Forms

mistakes =
    { $count ->
        [one] Please correct one error
       *[other] Please correct { $count } errors
    }
start = Start
required = required
one-per-line = One per line.
in-utc = In UTC.
files-again = Choose your files again.
yes = Yes
no = No
missing = This field is required.
missing-choice = Choose an option.
missing-file = Choose a file.
not-uploaded = Upload the file. A path is not accepted here.
not-a-list = Expected a list.
several = Expected one value, found several.
not-a-choice = Choose one of the listed options.
not-an-email = Expected an email address, such as ann@example.org.
not-a-url = Expected a URL, such as https://example.org.
not-base64 = Expected Base64.
not-a-string = Expected a text.
not-whole = Expected a whole number.
not-a-number = Expected a number.
not-yes-or-no = Expected yes or no.
not-a-date = Expected a date, such as 2026-02-28.
not-a-time = Expected a time, such as 14:30.
not-a-date-time = Expected a date and a time, such as 2026-02-28T14:30.
not-an-instant = Expected a date and a time, such as 2026-02-28T14:30Z.
out-of-bounds = Expected a value from { $min } to { $max }, found { $found }.
too-small = Expected { $min } or more, found { $found }.
too-great = Expected { $max } or less, found { $found }.
too-long = Expected at most { $max } characters, found { $found }.
file-too-large = Expected a file of at most { $max } bytes.
not-accepted = Expected a file of type { $accept }.
