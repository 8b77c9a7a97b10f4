## Where an operation is in its life

not-started = Wartet auf Start
started = Läuft
finished-ok = Fertig
finished-error = Fehlgeschlagen
cancelled = Abgebrochen

## Where a stage is

stage-pending = ausstehend
stage-active = läuft
stage-done = fertig
stage-failed = fehlgeschlagen
stage-cancelled = abgebrochen
stage-reused = übernommen

## What can be done

cancel = Abbrechen
cancelling = Wird abgebrochen…
retry = Wiederholen
continue = Weiter
continued-in = Weiter geht es mit

## Attempts

attempt-of = Versuch { $number } von { $max }
next-try-in = , nächster Versuch in
attempt-failed = Versuch { $number } von { $max } ist fehlgeschlagen, nächster Versuch in { $wait }: { $message }

## Progress

progress = Fortschritt
percent = { $percent } %
done-of-total = { $done } von { $total }
per-second = { $rate }/s
time-left = noch { $time }
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } Std. { $minutes } Min.
minutes-seconds = { $minutes } Min. { $seconds } Sek.
seconds = { $seconds } Sek.

## The page of an operation

operation = Vorgang
log = Protokoll
whole-log = Ganzes Protokoll
lines-gone =
    { $lines ->
        [one] Die erste Zeile fehlt
       *[other] Die ersten { $lines } Zeilen fehlen
    }
traceback = Fehlerverlauf

## The connection

connected = Live
reconnecting = Verbindung wird wiederhergestellt…
offline = Keine Verbindung
refused = Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.
unreachable = Der Server ist nicht erreichbar. Bitte versuchen Sie es noch einmal.

## The list

operations = Vorgänge
all-operations = Alle Vorgänge
no-operations = Hier gibt es keine Vorgänge.
next-page = Nächste Seite
previous-page = Vorherige Seite
state = Zustand
status = Status
owner = Besitzer
created = Angelegt
every-state = Alle
search = Suche
show = Anzeigen

## The list of staff

type = Art
every-type = Alle
age = Alter
every-age = Beliebig
within-hour = In der letzten Stunde
within-days =
    { $days ->
        [one] Am letzten Tag
       *[other] In den letzten { $days } Tagen
    }
older-than-days =
    { $days ->
        [one] Vor mehr als einem Tag
       *[other] Vor mehr als { $days } Tagen
    }
sort = Reihenfolge
newest = Neueste zuerst
oldest = Älteste zuerst
last-finished = Zuletzt beendete zuerst
longest-running = Am längsten laufende zuerst
select-all = Alle auf dieser Seite auswählen
select-operation = { $title }, { $owner }, { $created } auswählen
cancel-selected = Ausgewählte abbrechen
retry-selected = Ausgewählte wiederholen
done-of-selected = Erledigt für { $done } von { $all }.
nothing-selected = Es ist nichts ausgewählt.
staff-only = Das ist nur für Betreuer.

## What staff see of an operation

for-staff = Für Betreuer
input = Eingabe
attempt = Versuch
attempts-before = Versuche, die nicht zählen
worker = Worker
queue = Warteschlange
priority = Priorität
not-before = Nicht vor
due = Fällig
started-on = Gestartet
ended-on = Beendet
waited = Wartezeit
ran = Laufzeit
chained-from = Angelegt von
chained-to = Übergeben an
stage = Abschnitt
entered = Begonnen
left = Verlassen
took = Dauer
unknown = unbekannt

## How a run ended

went-wrong = Etwas ist schiefgegangen. Wenn es wieder vorkommt, nennen Sie dem Support diese Nummer: { $id }
took-too-long = Der Vorgang wurde angehalten, weil er länger als { $time } gedauert hat.
result-too-large = Das Ergebnis ist zu groß, um es aufzubewahren. Wenn Sie es brauchen, nennen Sie dem Support diese Nummer: { $id }
worker-lost = Der ausführende Prozess antwortet nicht mehr.
worker-lost-each-time = Der ausführende Prozess hat bei diesem Vorgang jedes Mal aufgehört zu antworten.

## Requests that are refused

bad-request-title = Ungültige Anfrage
forbidden-title = Nicht erlaubt
not-found-title = Nicht gefunden
conflict-title = Zurzeit nicht möglich
too-large-title = Zu groß
unsupported-title = Unbekanntes Format
invalid-title = Das ist nicht lesbar
too-many-title = Zu viele
internal-title = Fehler
show-it = Anzeigen
already-ended = Der Vorgang ist schon beendet.
not-ended = Der Vorgang ist noch nicht beendet.
duplicate = Der gleiche Vorgang wartet oder läuft schon.
not-found = Diesen Vorgang gibt es nicht.
too-many-pages = Sie haben zu viele Seiten geöffnet.
upload-too-large = Erwartet waren höchstens { $bytes } Bytes, es sind mehr.
internal = Auf dem Server ist etwas schiefgegangen.
other-site = Anfragen von anderen Websites werden abgelehnt.
not-in-group = Sie gehören nicht zu der Gruppe, für die diese Seite ist.
