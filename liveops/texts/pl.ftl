## States of an operation

not-started = Oczekuje na start
waits-for-newer-version = Czeka na nowszą wersję aplikacji
waits-for-earlier-version = Czeka na wcześniejszą wersję aplikacji
started = W toku
finished-ok = Zakończone
finished-error = Niepowodzenie
cancelled = Anulowane

## States of a stage

stage-pending = oczekuje
stage-active = w toku
stage-done = gotowe
stage-failed = niepowodzenie
stage-cancelled = anulowane
stage-reused = użyte ponownie

## Actions

cancel = Anuluj
cancelling = Anulowanie…
retry = Ponów
retry-question = Wynik pozostanie w sekcji „Wcześniejsze próby”.
run-again = Uruchom ponownie
continue = Dalej
continued-in = Ciąg dalszy:
continued-from = Kontynuacja operacji:

## Attempts

attempt-of = Próba { $number } z { $max }
next-attempt-in = , następna próba za
attempt-failed = Próba { $number } z { $max } nie powiodła się, następna próba za { $wait }: { $message }
hand-backs = Ponowne uruchomienia serwera: { $count }
earlier-attempts = Wcześniejsze próby
attempt-number = Próba { $number }
attempt-lost = Proces wykonujący przestał odpowiadać
attempt-handed-back = Przerwano przez ponowne uruchomienie

## Progress

progress = Postęp
percent = { $percent }%
done-of-total = { $done } z { $total }
per-second = { $rate }/s
time-left = pozostało { $time }
stopped-at = Zatrzymano na { $position }
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } godz. { $minutes } min
minutes-seconds = { $minutes } min { $seconds } s
seconds = { $seconds } s
size-bytes =
    { $count ->
        [one] { $count } bajt
        [few] { $count } bajty
        [many] { $count } bajtów
       *[other] { $count } bajta
    }
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-gigabytes = { $count } GB

## Page of an operation

operation = Operacja
log = Dziennik
new-lines = Nowe wiersze: { $count }
whole-log = Cały dziennik
lines-left-out =
    { $lines ->
        [one] Pominięto { $lines } wiersz
        [few] Pominięto { $lines } wiersze
        [many] Pominięto { $lines } wierszy
       *[other] Pominięto { $lines } wiersza
    }
traceback = Ślad błędu
details = Szczegóły

## Connection

connected = Na żywo
reconnecting = Ponowne łączenie…
offline = Brak połączenia
refused = Nie udało się wykonać akcji. Spróbuj ponownie.
unreachable = Serwer jest nieosiągalny. Spróbuj ponownie.
signed-out = Wylogowano Cię. Zaloguj się ponownie.
dismiss = Zamknij

## List of operations

operations = Operacje
all-operations = Wszystkie operacje
no-operations = Brak operacji.
search-continues = W przeszukanych operacjach ({ $count }) nie ma więcej wyników. Wyszukiwanie trwa dalej na następnej stronie.
next-page = Następna strona
previous-page = Poprzednia strona
state = Stan
status = Status
owner = Właściciel
created = Utworzono
description = Opis
every-state = Wszystkie
search = Szukaj
show = Pokaż

## List for staff

type = Rodzaj
every-type = Wszystkie
age = Wiek
every-age = Dowolny
within-hour = Z ostatniej godziny
within-days =
    { $days ->
        [one] Z ostatniego dnia
        [few] Z ostatnich { $days } dni
        [many] Z ostatnich { $days } dni
       *[other] Z ostatnich { $days } dnia
    }
older-than-days =
    { $days ->
        [one] Sprzed ponad jednego dnia
        [few] Sprzed ponad { $days } dni
        [many] Sprzed ponad { $days } dni
       *[other] Sprzed ponad { $days } dnia
    }
sort = Kolejność
newest = Od najnowszych
oldest = Od najstarszych
last-finished = Od ostatnio zakończonych
longest-running = Od najdłużej trwających
select-all = Zaznacz wszystkie na tej stronie
select-operation = Zaznacz: { $title }, { $owner }, { $created }
cancel-selected = Anuluj zaznaczone
retry-selected = Ponów zaznaczone
done-of-selected = Zastosowano do { $done } z { $all } operacji.
nothing-selected = Nie zaznaczono żadnej operacji.
staff-only = Tylko dla obsługi.

## Staff details of an operation

for-staff = Dla obsługi
input = Dane wejściowe
attempt = Próba
attempts-before = Próby nieliczone
worker = Proces wykonujący
queue = Kolejka
priority = Priorytet
not-before = Nie wcześniej niż
due = Gotowe do startu od
started-on = Rozpoczęto
ended-on = Zakończono
waited = Czas oczekiwania
ran = Czas wykonania
chained-from = Uruchomiona przez
chained-to = Kontynuowana w
actions = Działania
the-application = aplikacja
action-create = Utworzono
action-cancel = Anulowano
action-retry = Ponowiono
action-bulk-cancel = Anulowano razem z innymi
action-bulk-retry = Ponowiono razem z innymi
action-prune = Usunięto stare operacje
action-give-up-hook = Zrezygnowano z powiadomienia o końcu po błędach
last-prune = Stare operacje usunięto ostatnio { $time } ({ $count }).
stage = Etap
entered = Rozpoczęcie
left = Zakończenie
took = Czas trwania
unknown = nieznane

## Reasons for the end of a run

went-wrong = Wystąpił błąd. Jeśli się powtórzy, podaj pomocy technicznej ten identyfikator: { $id }
took-too-long = Zatrzymano, ponieważ trwało to dłużej niż { $time }.
result-too-large = Wynik jest zbyt duży, aby go zapisać. Jeśli go potrzebujesz, podaj pomocy technicznej ten identyfikator: { $id }
worker-lost = Proces wykonujący operację przestał odpowiadać.
worker-lost-each-time = Proces wykonujący operację przestawał odpowiadać w każdej próbie.
interrupted = Przerwano przez ponowne uruchomienie.
starts-again = Serwer uruchomił się ponownie; operacja zaczyna się od nowa.
cannot-be-stopped = Kod tej operacji nadal działa i nie można go zatrzymać.
may-still-run = Część może nadal działać.

## In a terminal

stage-was-reused = Użyto ponownie z wcześniejszej próby
stage-has-failed = Ten etap się nie powiódł
warning = Ostrzeżenie
error = Błąd
result = Wynik
# The number of values of a result that are not shown.
more = jeszcze { $count }

## Refused requests

bad-request-title = Nieprawidłowe żądanie
forbidden-title = Brak dostępu
not-found-title = Nie znaleziono
conflict-title = Teraz to niemożliwe
too-large-title = Za duże
unsupported-title = Nieznany format
invalid-title = Nieprawidłowe dane
too-many-title = Zbyt wiele żądań
busy-title = Serwer zajęty
internal-title = Błąd
show-it = Pokaż operację
already-ended = Operacja już się zakończyła.
not-ended = Operacja jeszcze się nie zakończyła.
not-registered = Aplikacja nie obsługuje już tego rodzaju operacji.
outdated-input = Aplikacja nie przyjmuje już danych wejściowych tej operacji. Uruchom nową operację.
retry-in-other-version = Tylko inna wersja aplikacji może ponowić tę operację. Spróbuj ponownie za kilka minut.
duplicate = Taka sama operacja już oczekuje lub trwa.
not-found = Nie znaleziono operacji.
too-many-pages = Zbyt wiele otwartych stron. Zamknij część z nich i spróbuj ponownie.
too-many-waiting = Masz już { $max } oczekujących operacji. Poczekaj, aż część z nich się rozpocznie.
upload-too-large = Plik ma { $found }; dozwolone jest najwyżej { $max }.
upload-over-limit = Plik jest zbyt duży; dozwolone jest najwyżej { $max }.
input-too-large = Dane wejściowe mają { $found }; dozwolone jest najwyżej { $max }.
input-over-limit = Dane wejściowe są zbyt duże; dozwolone jest najwyżej { $max }.
quota-reached = Twoje pliki miałyby razem { $found }; dozwolone jest najwyżej { $max }. Pliki są usuwane razem z operacjami.
too-many-fields = Formularz ma zbyt wiele pól; dozwolonych jest najwyżej { $max }.
too-many-files = Przesłano zbyt wiele plików; dozwolonych jest najwyżej { $max }.
too-many-values = Dane wejściowe mają zbyt wiele wartości; dozwolonych jest najwyżej { $max }.
too-many-pieces = Żądanie dotarło w zbyt wielu małych częściach.
incomplete = Żądanie nie dotarło w całości. Spróbuj ponownie.
not-utf8 = Formularz zawiera tekst, który nie jest zapisany w UTF-8.
has-nul = Znak U+0000 jest niedozwolony.
not-a-form = Nie udało się odczytać formularza.
file-without-name = Plik przesłano bez nazwy. Prześlij go ponownie z nazwą.
busy = Serwer jest zajęty. Spróbuj ponownie za chwilę.
internal = Wystąpił błąd serwera.
other-site = Żądania z innych witryn są odrzucane.
unknown-host = Ten adres nie jest tu znany.
not-in-group = Nie masz dostępu do tej strony.
not-allowed = Nie masz uprawnień do tej czynności.

## Forms

mistakes =
    { $count ->
        [one] Popraw jeden błąd
        [few] Popraw { $count } błędy
       *[other] Popraw { $count } błędów
    }
start = Rozpocznij
required = wymagane
one-per-line = Po jednym w wierszu.
in-utc = Czas UTC.
files-again = Wybierz pliki ponownie.
yes = Tak
no = Nie
missing = To pole jest wymagane.
missing-choice = Wybierz jedną z opcji.
missing-file = Wybierz plik.
not-uploaded = Prześlij plik. Ścieżka nie jest tu akceptowana.
not-a-list = Oczekiwano listy.
several = Oczekiwano jednej wartości, podano kilka.
not-a-choice = Wybierz jedną z podanych opcji.
not-an-email = Oczekiwano adresu e-mail, na przykład ann@example.org.
not-a-url = Oczekiwano adresu URL, na przykład https://example.org.
not-base64 = Oczekiwano Base64.
not-a-string = Oczekiwano tekstu.
not-whole = Oczekiwano liczby całkowitej.
not-a-number = Oczekiwano liczby.
not-yes-or-no = Oczekiwano „tak” lub „nie”.
not-a-date = Oczekiwano daty, na przykład 2026-02-28.
not-a-time = Oczekiwano godziny, na przykład 14:30.
not-a-date-time = Oczekiwano daty i godziny, na przykład 2026-02-28T14:30.
not-an-instant = Oczekiwano daty i godziny, na przykład 2026-02-28T14:30Z.
out-of-bounds = Oczekiwano wartości od { $min } do { $max }, podano { $found }.
too-small = Oczekiwano { $min } lub więcej, podano { $found }.
too-great = Oczekiwano { $max } lub mniej, podano { $found }.
too-long = Oczekiwano najwyżej { $max } znaków, jest ich { $found }.
file-too-large = Oczekiwano pliku o rozmiarze najwyżej { $max } bajtów.
not-accepted = Oczekiwano pliku typu { $accept }.
