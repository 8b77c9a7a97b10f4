## States of an operation

not-started = Wartet auf Start
waits-for-newer-version = Wartet auf eine neuere Version der Anwendung
waits-for-earlier-version = Wartet auf eine frühere Version der Anwendung
started = Läuft
finished-ok = Fertig
finished-error = Fehlgeschlagen
cancelled = Abgebrochen

## States of a stage

stage-pending = ausstehend
stage-active = läuft
stage-done = fertig
stage-failed = fehlgeschlagen
stage-cancelled = abgebrochen
stage-reused = übernommen

## Actions

cancel = Abbrechen
cancelling = Wird abgebrochen…
retry = Wiederholen
retry-question = Das Ergebnis bleibt unter „Frühere Versuche“ erhalten.
run-again = Erneut ausführen
continue = Weiter
continued-in = Fortgesetzt in
continued-from = Fortsetzung von

## Attempts

attempt-of = Versuch { $number } von { $max }
next-attempt-in = , nächster Versuch in
attempt-failed = Versuch { $number } von { $max } ist fehlgeschlagen, nächster Versuch in { $wait }: { $message }
hand-backs = Neustarts des Servers: { $count }
earlier-attempts = Frühere Versuche
attempt-number = Versuch { $number }
attempt-lost = Ausführender Prozess antwortete nicht mehr
attempt-handed-back = Durch einen Neustart unterbrochen

## Progress

progress = Fortschritt
percent = { $percent } %
done-of-total = { $done } von { $total }
per-second = { $rate }/s
time-left = noch { $time }
stopped-at = Gestoppt bei { $position }
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } Std. { $minutes } Min.
minutes-seconds = { $minutes } Min. { $seconds } Sek.
seconds = { $seconds } Sek.
size-bytes =
    { $count ->
        [one] { $count } Byte
       *[other] { $count } Bytes
    }
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-gigabytes = { $count } GB

## Page of an operation

operation = Vorgang
log = Protokoll
new-lines = Neue Zeilen: { $count }
whole-log = Ganzes Protokoll
lines-left-out =
    { $lines ->
        [one] { $lines } Zeile ausgelassen
       *[other] { $lines } Zeilen ausgelassen
    }
traceback = Fehlerverlauf
details = Details

## Connection

connected = Live
reconnecting = Verbindung wird wiederhergestellt…
offline = Keine Verbindung
refused = Die Aktion ist fehlgeschlagen. Bitte versuchen Sie es noch einmal.
unreachable = Der Server ist nicht erreichbar. Bitte versuchen Sie es noch einmal.
signed-out = Sie sind abgemeldet. Melden Sie sich wieder an.
dismiss = Schließen

## List of operations

operations = Vorgänge
all-operations = Alle Vorgänge
no-operations = Keine Vorgänge.
search-continues = In den { $count } durchsuchten Vorgängen gibt es keine weiteren Treffer. Die Suche geht auf der nächsten Seite weiter.
next-page = Nächste Seite
previous-page = Vorherige Seite
state = Zustand
status = Status
owner = Besitzer
created = Angelegt
description = Beschreibung
every-state = Alle
search = Suche
show = Anzeigen

## List for staff

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
done-of-selected = Auf { $done } von { $all } Vorgängen angewendet.
nothing-selected = Keine Vorgänge ausgewählt.
staff-only = Nur für Mitarbeiter.

## Staff details of an operation

for-staff = Für Mitarbeiter
input = Eingabe
attempt = Versuch
attempts-before = Nicht gezählte Versuche
worker = Worker
queue = Warteschlange
priority = Priorität
not-before = Nicht vor
due = Fällig
started-on = Gestartet
ended-on = Beendet
waited = Wartezeit
ran = Laufzeit
chained-from = Gestartet von
chained-to = Fortgesetzt in
actions = Aktionen
the-application = der Anwendung
action-create = Angelegt
action-cancel = Abgebrochen
action-retry = Wiederholt
action-bulk-cancel = Mit anderen abgebrochen
action-bulk-retry = Mit anderen wiederholt
action-prune = Alte Vorgänge gelöscht
action-give-up-hook = Hook nach dem Ende nach Fehlern aufgegeben
last-prune = Alte Vorgänge wurden zuletzt am { $time } gelöscht ({ $count }).
stage = Abschnitt
entered = Begonnen
left = Beendet
took = Dauer
unknown = unbekannt

## Reasons for the end of a run

went-wrong = Ein Fehler ist aufgetreten. Wenn er wieder auftritt, nennen Sie dem Support diese Referenz: { $id }
took-too-long = Der Vorgang wurde angehalten, weil er länger als { $time } gedauert hat.
result-too-large = Das Ergebnis ist zu groß zum Speichern. Wenn Sie es brauchen, nennen Sie dem Support diese Referenz: { $id }
worker-lost = Der ausführende Prozess antwortet nicht mehr.
worker-lost-each-time = Der ausführende Prozess hat in jedem Versuch aufgehört zu antworten.
interrupted = Durch einen Neustart unterbrochen.
starts-again = Der Server wurde neu gestartet; der Vorgang beginnt erneut.
cannot-be-stopped = Der Code dieses Vorgangs läuft noch und kann nicht angehalten werden.
may-still-run = Ein Teil davon läuft möglicherweise noch.

## In a terminal

stage-was-reused = Aus einem früheren Versuch übernommen
stage-has-failed = Dieser Abschnitt ist fehlgeschlagen
warning = Warnung
error = Fehler
result = Ergebnis
# The number of values of a result that are not shown.
more = { $count } weitere

## Refused requests

bad-request-title = Ungültige Anfrage
forbidden-title = Nicht erlaubt
not-found-title = Nicht gefunden
conflict-title = Zurzeit nicht möglich
too-large-title = Zu groß
unsupported-title = Unbekanntes Format
invalid-title = Ungültige Eingabe
too-many-title = Zu viele Anfragen
busy-title = Ausgelastet
internal-title = Fehler
show-it = Vorgang anzeigen
already-ended = Der Vorgang ist schon beendet.
not-ended = Der Vorgang ist noch nicht beendet.
not-registered = Die Anwendung unterstützt diese Art von Vorgang nicht mehr.
outdated-input = Die Anwendung akzeptiert die Eingabe dieses Vorgangs nicht mehr. Starten Sie einen neuen Vorgang.
retry-in-other-version = Nur eine andere Version der Anwendung kann diesen Vorgang wiederholen. Versuchen Sie es in einigen Minuten erneut.
duplicate = Der gleiche Vorgang wartet oder läuft schon.
not-found = Vorgang nicht gefunden.
too-many-pages = Zu viele offene Seiten. Schließen Sie einige und versuchen Sie es noch einmal.
too-many-waiting = Es warten bereits { $max } Ihrer Vorgänge. Warten Sie, bis einige davon begonnen haben.
upload-too-large = Die Datei hat { $found }; erlaubt sind höchstens { $max }.
upload-over-limit = Die Datei ist zu groß; erlaubt sind höchstens { $max }.
input-too-large = Die Eingabe hat { $found }; erlaubt sind höchstens { $max }.
input-over-limit = Die Eingabe ist zu groß; erlaubt sind höchstens { $max }.
quota-reached = Ihre Dateien hätten zusammen { $found }; erlaubt sind höchstens { $max }. Dateien werden mit ihren Vorgängen gelöscht.
too-many-fields = Das Formular hat zu viele Felder; erlaubt sind höchstens { $max }.
too-many-files = Sie haben zu viele Dateien gesendet; erlaubt sind höchstens { $max }.
too-many-values = Die Eingabe hat zu viele Werte; erlaubt sind höchstens { $max }.
too-many-pieces = Die Anfrage kam in zu vielen kleinen Stücken an.
incomplete = Die Anfrage kam nicht vollständig an. Versuchen Sie es noch einmal.
not-utf8 = Das Formular enthält Text, der nicht UTF-8 ist.
has-nul = Das Zeichen U+0000 ist nicht erlaubt.
not-a-form = Das Formular konnte nicht gelesen werden.
file-without-name = Eine Datei wurde ohne ihren Namen gesendet. Senden Sie die Datei noch einmal mit ihrem Namen.
busy = Der Server ist gerade ausgelastet. Versuchen Sie es in einem Moment noch einmal.
internal = Auf dem Server ist ein Fehler aufgetreten.
other-site = Anfragen von anderen Websites werden abgelehnt.
unknown-host = Diese Adresse ist hier nicht bekannt.
not-in-group = Sie haben keinen Zugriff auf diese Seite.
not-allowed = Sie haben keine Berechtigung dafür.

## Forms

mistakes =
    { $count ->
        [one] Bitte einen Fehler korrigieren
       *[other] Bitte { $count } Fehler korrigieren
    }
start = Starten
required = erforderlich
one-per-line = Ein Wert pro Zeile.
in-utc = In UTC.
files-again = Bitte die Dateien erneut auswählen.
yes = Ja
no = Nein
missing = Dieses Feld ist erforderlich.
missing-choice = Bitte eine Option auswählen.
missing-file = Bitte eine Datei auswählen.
not-uploaded = Bitte die Datei hochladen. Ein Pfad wird hier nicht akzeptiert.
not-a-list = Erwartet wurde eine Liste.
several = Erwartet wurde ein Wert, gefunden wurden mehrere.
not-a-choice = Bitte eine der aufgeführten Optionen auswählen.
not-an-email = Erwartet wurde eine E-Mail-Adresse wie ann@example.org.
not-a-url = Erwartet wurde eine URL wie https://example.org.
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
not-accepted = Erwartet wurde eine Datei vom Typ { $accept }.
