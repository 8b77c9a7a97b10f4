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

## In a terminal

stage-was-reused = Übernommen: Ein früherer Versuch hat diesen Abschnitt erledigt
stage-has-failed = Dieser Abschnitt ist fehlgeschlagen
warning = Warnung
error = Fehler
result = Ergebnis

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
not-registered = Die Anwendung kennt diese Art von Vorgang nicht mehr.
duplicate = Der gleiche Vorgang wartet oder läuft schon.
not-found = Diesen Vorgang gibt es nicht.
too-many-pages = Sie haben zu viele Seiten geöffnet.
upload-too-large = Erwartet waren höchstens { $bytes } Bytes, es sind mehr.
internal = Auf dem Server ist etwas schiefgegangen.
other-site = Anfragen von anderen Websites werden abgelehnt.
not-in-group = Sie gehören nicht zu der Gruppe, für die diese Seite ist.

## Forms

mistakes =
    { $count ->
        [one] Eine Angabe ist zu berichtigen
       *[other] { $count } Angaben sind zu berichtigen
    }
start = Starten
required = erforderlich
one-per-line = Jeweils eine Angabe pro Zeile.
in-utc = In UTC.
files-again = Dateien müssen noch einmal ausgewählt werden.
yes = Ja
no = Nein
missing = Bitte ausfüllen.
missing-choice = Bitte eine der Möglichkeiten auswählen.
missing-file = Bitte eine Datei auswählen.
not-uploaded = Bitte die Datei hochladen: ein Pfad gilt hier nicht.
not-a-list = Erwartet wurde eine Liste.
several = Erwartet wurde ein Wert, gefunden wurden mehrere.
not-a-choice = Bitte eine der vorhandenen Möglichkeiten auswählen.
not-an-email = Erwartet wurde eine E-Mail-Adresse wie ann@example.org.
not-a-url = Erwartet wurde eine Adresse wie https://example.org.
not-base64 = Erwartet wurde Base64.
not-a-string = Erwartet wurde ein Text.
not-whole = Erwartet wurde eine ganze Zahl.
not-a-number = Erwartet wurde eine Zahl.
not-yes-or-no = Erwartet wurde Ja oder Nein.
not-a-date = Erwartet wurde ein Datum wie 2026-02-28.
not-a-time = Erwartet wurde eine Uhrzeit wie 14:30.
not-a-date-time = Erwartet wurden Datum und Uhrzeit wie 2026-02-28T14:30.
not-an-instant = Erwartet wurden Datum und Uhrzeit wie 2026-02-28T14:30Z.
out-of-bounds = Erwartet wurde ein Wert von { $min } bis { $max }, gefunden wurde { $found }.
too-small = Erwartet wurde { $min } oder mehr, gefunden wurde { $found }.
too-great = Erwartet wurde { $max } oder weniger, gefunden wurde { $found }.
too-long = Erwartet waren höchstens { $max } Zeichen, gefunden wurden { $found }.
file-too-large = Erwartet war eine Datei von höchstens { $max } Bytes.
not-accepted = Erwartet wurde eine Datei der Art { $accept }.
