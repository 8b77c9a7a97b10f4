# What liveops itself says. Ids are those of `Text` in language/text.rs, and every file here has all of
# them, with the same variables: a test sees to it.

## Where an operation is in its life

not-started = Waiting to start
started = Running
finished-ok = Finished
finished-error = Failed
cancelled = Cancelled

## Where a stage is

stage-pending = pending
stage-active = active
stage-done = done
stage-failed = failed
stage-cancelled = cancelled
stage-reused = reused

## What can be done

cancel = Cancel
cancelling = Cancelling…
retry = Retry
continue = Continue
# In front of the title of the operation that took over.
continued-in = Continued in

## Attempts

attempt-of = Attempt { $number } of { $max }
# Goes on where `attempt-of` ends; the time follows.
next-try-in = , next try in
attempt-failed = Attempt { $number } of { $max } failed, next try in { $wait }: { $message }

## Progress

progress = Progress
percent = { $percent } %
done-of-total = { $done } of { $total }
per-second = { $rate }/s
time-left = { $time } left
# What is being worked on, and how far it is.
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } h { $minutes } min
minutes-seconds = { $minutes } min { $seconds } s
seconds = { $seconds } s

## The page of an operation

operation = Operation
log = Log
whole-log = Whole log
lines-gone =
    { $lines ->
        [one] The first line is gone
       *[other] The first { $lines } lines are gone
    }
traceback = Traceback

## The connection

connected = Live
reconnecting = Reconnecting…
offline = Offline
refused = This did not work. Please try again.
unreachable = The server could not be reached. Please try again.

## The list

operations = Operations
all-operations = All operations
no-operations = No operations here.
next-page = Next page
previous-page = Previous page
state = State
status = Status
owner = Owner
created = Created
every-state = All
search = Search
show = Show

## The list of staff

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
done-of-selected = Done for { $done } of { $all }.
nothing-selected = Nothing is selected.
staff-only = This is for staff only.

## What staff see of an operation

for-staff = For staff
input = Input
attempt = Attempt
attempts-before = Attempts that do not count
worker = Worker
queue = Queue
priority = Priority
not-before = Not before
due = Due
started-on = Started
ended-on = Ended
waited = Waited
ran = Ran
chained-from = Made by
chained-to = Handed over to
stage = Stage
entered = Entered
left = Left
took = Took
unknown = unknown

## How a run ended

went-wrong = Something went wrong. If it happens again, tell support this number: { $id }
took-too-long = It was stopped because it took longer than { $time }.
result-too-large = The result is too large to be kept. If you need it, tell support this number: { $id }
worker-lost = The worker stopped responding.
worker-lost-each-time = The worker stopped responding each time it ran this.

## In a terminal

stage-was-reused = Reused: an earlier attempt did this stage
stage-has-failed = This stage failed
warning = Warning
error = Error
result = Result

## Requests that are refused

bad-request-title = Bad request
forbidden-title = Not allowed
not-found-title = Not found
conflict-title = Not possible now
too-large-title = Too large
unsupported-title = Unknown format
invalid-title = This cannot be read
too-many-title = Too many
internal-title = Error
show-it = Show it
already-ended = It has ended already.
not-ended = It has not ended yet.
not-registered = The application does not know this type of operation any more.
duplicate = The same operation is waiting or running already.
not-found = There is no such operation.
too-many-pages = You have too many pages open.
upload-too-large = Expected at most { $bytes } bytes, found more.
internal = Something went wrong on the server.
other-site = Requests from other sites are refused.
not-in-group = You are not in the group that this page is for.

## Forms

mistakes =
    { $count ->
        [one] One thing needs correcting
       *[other] { $count } things need correcting
    }
start = Start
required = required
one-per-line = One on each line.
in-utc = In UTC.
files-again = Files have to be chosen again.
yes = Yes
no = No
missing = Fill this in.
missing-choice = Choose one of these.
missing-file = Choose a file.
not-uploaded = Upload the file: a path is not taken here.
not-a-list = Expected a list.
several = Expected one value, found several.
not-a-choice = Choose one of those there are.
not-an-email = Expected a mail address, as in ann@example.org.
not-a-url = Expected an address, as in https://example.org.
not-base64 = Expected Base64.
not-a-string = Expected a text.
not-whole = Expected a whole number.
not-a-number = Expected a number.
not-yes-or-no = Expected yes or no.
not-a-date = Expected a date, as in 2026-02-28.
not-a-time = Expected a time, as in 14:30.
not-a-date-time = Expected a date and a time, as in 2026-02-28T14:30.
not-an-instant = Expected a date and a time, as in 2026-02-28T14:30Z.
out-of-bounds = Expected a value from { $min } to { $max }, found { $found }.
too-small = Expected { $min } or more, found { $found }.
too-great = Expected { $max } or less, found { $found }.
too-long = Expected at most { $max } characters, found { $found }.
file-too-large = Expected a file of at most { $max } bytes.
not-accepted = Expected a file of the kind { $accept }.
