## Where an operation is in its life

not-started = Oczekuje na start
started = W toku
finished-ok = Zakończone
finished-error = Niepowodzenie
cancelled = Anulowane

## Where a stage is

stage-pending = oczekuje
stage-active = w toku
stage-done = gotowe
stage-failed = niepowodzenie
stage-cancelled = anulowane
stage-reused = użyte ponownie

## What can be done

cancel = Anuluj
cancelling = Anulowanie…
retry = Ponów
continue = Dalej
continued-in = Ciąg dalszy:

## Attempts

attempt-of = Próba { $number } z { $max }
next-try-in = , następna za
attempt-failed = Próba { $number } z { $max } nie powiodła się, następna za { $wait }: { $message }

## Progress

progress = Postęp
percent = { $percent }%
done-of-total = { $done } z { $total }
per-second = { $rate }/s
time-left = pozostało { $time }
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } godz. { $minutes } min
minutes-seconds = { $minutes } min { $seconds } s
seconds = { $seconds } s

## The page of an operation

operation = Operacja
log = Dziennik
whole-log = Cały dziennik
lines-gone =
    { $lines ->
        [one] Brakuje pierwszego wiersza
        [few] Brakuje pierwszych { $lines } wierszy
        [many] Brakuje pierwszych { $lines } wierszy
       *[other] Brakuje pierwszych { $lines } wierszy
    }
traceback = Ślad błędu

## The connection

connected = Na żywo
reconnecting = Ponowne łączenie…
offline = Brak połączenia
refused = Nie udało się. Spróbuj ponownie.
unreachable = Serwer jest nieosiągalny. Spróbuj ponownie.

## The list

operations = Operacje
all-operations = Wszystkie operacje
no-operations = Nie ma tu żadnych operacji.
next-page = Następna strona
previous-page = Poprzednia strona
state = Stan
status = Status
owner = Właściciel
created = Utworzono
every-state = Wszystkie
search = Szukaj
show = Pokaż

## The list of staff

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
done-of-selected = Wykonano dla { $done } z { $all }.
nothing-selected = Nic nie zaznaczono.
staff-only = Tylko dla obsługi.

## What staff see of an operation

for-staff = Dla obsługi
input = Dane wejściowe
attempt = Próba
attempts-before = Próby, które się nie liczą
worker = Proces wykonujący
queue = Kolejka
priority = Priorytet
not-before = Nie wcześniej niż
due = Gotowe do startu od
started-on = Rozpoczęto
ended-on = Zakończono
waited = Czas oczekiwania
ran = Czas wykonania
chained-from = Utworzona przez
chained-to = Przekazano do
stage = Etap
entered = Wejście
left = Wyjście
took = Czas trwania
unknown = nieznane

## How a run ended

went-wrong = Coś poszło nie tak. Jeśli to się powtórzy, podaj pomocy technicznej ten numer: { $id }
took-too-long = Zatrzymano, ponieważ trwało to dłużej niż { $time }.
result-too-large = Wynik jest zbyt duży, aby go zachować. Jeśli go potrzebujesz, podaj pomocy technicznej ten numer: { $id }
worker-lost = Proces wykonujący operację przestał odpowiadać.
worker-lost-each-time = Proces wykonujący operację za każdym razem przestawał odpowiadać.

## In a terminal

stage-was-reused = Użyto ponownie: ten etap wykonała wcześniejsza próba
stage-has-failed = Ten etap się nie powiódł
warning = Ostrzeżenie
error = Błąd
result = Wynik

## Requests that are refused

bad-request-title = Nieprawidłowe żądanie
forbidden-title = Brak dostępu
not-found-title = Nie znaleziono
conflict-title = Teraz to niemożliwe
too-large-title = Za duże
unsupported-title = Nieznany format
invalid-title = Nie można tego odczytać
too-many-title = Za dużo
internal-title = Błąd
show-it = Pokaż ją
already-ended = Operacja już się zakończyła.
not-ended = Operacja jeszcze się nie zakończyła.
not-registered = Aplikacja nie zna już tego rodzaju operacji.
duplicate = Taka sama operacja już oczekuje lub trwa.
not-found = Nie ma takiej operacji.
too-many-pages = Masz otwartych zbyt wiele stron.
upload-too-large = Oczekiwano najwyżej { $bytes } bajtów, otrzymano więcej.
internal = Na serwerze coś poszło nie tak.
other-site = Żądania z innych witryn są odrzucane.
not-in-group = Nie należysz do grupy, dla której jest ta strona.

## Forms

mistakes =
    { $count ->
        [one] Jedna rzecz wymaga poprawy
        [few] { $count } rzeczy wymagają poprawy
       *[other] { $count } rzeczy wymaga poprawy
    }
start = Rozpocznij
required = wymagane
one-per-line = Po jednym w wierszu.
in-utc = Czas UTC.
files-again = Pliki trzeba wybrać ponownie.
yes = Tak
no = Nie
missing = Wypełnij to pole.
missing-choice = Wybierz jedną z tych możliwości.
missing-file = Wybierz plik.
not-uploaded = Prześlij plik: ścieżka nie jest tu przyjmowana.
not-a-list = Oczekiwano listy.
several = Oczekiwano jednej wartości, podano kilka.
not-a-choice = Wybierz jedną z dostępnych możliwości.
not-an-email = Oczekiwano adresu e-mail, jak ann@example.org.
not-a-url = Oczekiwano adresu, jak https://example.org.
not-base64 = Oczekiwano Base64.
not-a-string = Oczekiwano tekstu.
not-whole = Oczekiwano liczby całkowitej.
not-a-number = Oczekiwano liczby.
not-yes-or-no = Oczekiwano „tak” lub „nie”.
not-a-date = Oczekiwano daty, jak 2026-02-28.
not-a-time = Oczekiwano godziny, jak 14:30.
not-a-date-time = Oczekiwano daty i godziny, jak 2026-02-28T14:30.
not-an-instant = Oczekiwano daty i godziny, jak 2026-02-28T14:30Z.
out-of-bounds = Oczekiwano wartości od { $min } do { $max }, podano { $found }.
too-small = Oczekiwano { $min } lub więcej, podano { $found }.
too-great = Oczekiwano { $max } lub mniej, podano { $found }.
too-long = Oczekiwano najwyżej { $max } znaków, jest ich { $found }.
file-too-large = Oczekiwano pliku o najwyżej { $max } bajtach.
not-accepted = Oczekiwano pliku rodzaju { $accept }.
