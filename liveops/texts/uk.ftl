## States of an operation

not-started = Очікує на запуск
waits-for-newer-version = Очікує на новішу версію застосунку
waits-for-earlier-version = Очікує на попередню версію застосунку
started = Виконується
finished-ok = Завершено
finished-error = Помилка
cancelled = Скасовано

## States of a stage

stage-pending = очікує
stage-active = виконується
stage-done = готово
stage-failed = помилка
stage-cancelled = скасовано
stage-reused = використано повторно

## Actions

cancel = Скасувати
cancelling = Скасування…
retry = Повторити
retry-question = Результат залишиться в розділі «Попередні спроби».
run-again = Запустити знову
continue = Далі
continued-in = Продовження:
continued-from = Продовження операції:

## Attempts

attempt-of = Спроба { $number } з { $max }
next-attempt-in = , наступна спроба через
attempt-failed = Спроба { $number } з { $max } не вдалася, наступна спроба через { $wait }: { $message }
hand-backs = Перезапуски сервера: { $count }
earlier-attempts = Попередні спроби
attempt-number = Спроба { $number }
attempt-lost = Процес виконання перестав відповідати
attempt-handed-back = Перервано через перезапуск

## Progress

progress = Перебіг
percent = { $percent } %
done-of-total = { $done } з { $total }
per-second = { $rate }/с
time-left = залишилося { $time }
stopped-at = Зупинено на { $position }
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } год { $minutes } хв
minutes-seconds = { $minutes } хв { $seconds } с
seconds = { $seconds } с
size-bytes =
    { $count ->
        [one] { $count } байт
        [few] { $count } байти
        [many] { $count } байтів
       *[other] { $count } байта
    }
size-kilobytes = { $count } КБ
size-megabytes = { $count } МБ
size-gigabytes = { $count } ГБ

## Page of an operation

operation = Операція
log = Журнал
new-lines = Нові рядки: { $count }
whole-log = Увесь журнал
lines-left-out =
    { $lines ->
        [one] Пропущено рядків: { $lines }
        [few] Пропущено рядків: { $lines }
        [many] Пропущено рядків: { $lines }
       *[other] Пропущено рядків: { $lines }
    }
traceback = Слід помилки
details = Подробиці

## Connection

connected = Наживо
reconnecting = Відновлення з’єднання…
offline = Немає з’єднання
refused = Не вдалося виконати дію. Спробуйте ще раз.
unreachable = Сервер недоступний. Спробуйте ще раз.
signed-out = Ви вийшли із системи. Увійдіть знову.
dismiss = Закрити

## List of operations

operations = Операції
all-operations = Усі операції
no-operations = Немає операцій.
search-continues = У переглянутих операціях ({ $count }) більше немає збігів. Пошук триває на наступній сторінці.
next-page = Наступна сторінка
previous-page = Попередня сторінка
state = Стан
status = Статус
owner = Власник
created = Створено
description = Опис
every-state = Усі
search = Пошук
show = Показати

## List for staff

type = Тип
every-type = Усі
age = Вік
every-age = Будь-який
within-hour = За останню годину
within-days =
    { $days ->
        [one] За останній { $days } день
        [few] За останні { $days } дні
        [many] За останні { $days } днів
       *[other] За останні { $days } дня
    }
older-than-days =
    { $days ->
        [one] Понад { $days } день тому
        [few] Понад { $days } дні тому
        [many] Понад { $days } днів тому
       *[other] Понад { $days } дня тому
    }
sort = Порядок
newest = Спочатку найновіші
oldest = Спочатку найстаріші
last-finished = Спочатку нещодавно завершені
longest-running = Спочатку ті, що виконуються найдовше
select-all = Позначити всі на цій сторінці
select-operation = Позначити: { $title }, { $owner }, { $created }
cancel-selected = Скасувати позначені
retry-selected = Повторити позначені
done-of-selected = Застосовано до { $done } з { $all } операцій.
nothing-selected = Не позначено жодної операції.
staff-only = Лише для персоналу.

## Staff details of an operation

for-staff = Для персоналу
input = Вхідні дані
attempt = Спроба
attempts-before = Незараховані спроби
worker = Процес-виконавець
queue = Черга
priority = Пріоритет
not-before = Не раніше
due = Готова до запуску з
started-on = Розпочато
ended-on = Завершено
waited = Очікування
ran = Виконання
chained-from = Запущена операцією
chained-to = Продовжена в операції
actions = Дії
the-application = застосунок
action-create = Створено
action-cancel = Скасовано
action-retry = Повторено
action-bulk-cancel = Скасовано разом з іншими
action-bulk-retry = Повторено разом з іншими
action-prune = Видалено старі операції
action-give-up-hook = Сповіщення про завершення припинено через помилки
last-prune = Старі операції востаннє видалено { $time } ({ $count }).
stage = Етап
entered = Початок
left = Кінець
took = Тривалість
unknown = невідомо

## Reasons for the end of a run

went-wrong = Сталася помилка. Якщо вона повториться, повідомте службі підтримки цей ідентифікатор: { $id }
took-too-long = Операцію зупинено, бо вона тривала довше ніж { $time }.
result-too-large = Результат завеликий, щоб його зберегти. Якщо він вам потрібен, повідомте службі підтримки цей ідентифікатор: { $id }
worker-lost = Процес, що виконував операцію, перестав відповідати.
worker-lost-each-time = Процес, що виконував операцію, переставав відповідати в кожній спробі.
interrupted = Перервано через перезапуск.
starts-again = Сервер перезапущено; операція починається знову.
cannot-be-stopped = Код цієї операції досі виконується, і його не можна зупинити.
may-still-run = Частина може досі виконуватися.

## In a terminal

stage-was-reused = Використано повторно з попередньої спроби
stage-has-failed = Цей етап не вдався
warning = Попередження
error = Помилка
result = Результат
# The number of values of a result that are not shown.
more = ще { $count }

## Refused requests

bad-request-title = Хибний запит
forbidden-title = Немає доступу
not-found-title = Не знайдено
conflict-title = Зараз це неможливо
too-large-title = Завелике
unsupported-title = Невідомий формат
invalid-title = Хибні дані
too-many-title = Забагато запитів
busy-title = Сервер зайнятий
internal-title = Помилка
show-it = Показати операцію
already-ended = Операція вже завершилася.
not-ended = Операція ще не завершилася.
not-registered = Застосунок більше не підтримує цього типу операцій.
outdated-input = Застосунок більше не приймає вхідні дані цієї операції. Запустіть нову операцію.
retry-in-other-version = Лише інша версія застосунку може повторити цю операцію. Спробуйте ще раз за кілька хвилин.
duplicate = Така сама операція вже очікує або виконується.
not-found = Операцію не знайдено.
too-many-pages = Забагато відкритих сторінок. Закрийте частину з них і спробуйте ще раз.
too-many-waiting = У вас уже { $max } операцій в очікуванні. Зачекайте, поки деякі з них почнуться.
upload-too-large = Файл має { $found }; дозволено щонайбільше { $max }.
upload-over-limit = Файл завеликий; дозволено щонайбільше { $max }.
input-too-large = Вхідні дані мають { $found }; дозволено щонайбільше { $max }.
input-over-limit = Вхідні дані завеликі; дозволено щонайбільше { $max }.
quota-reached = Ваші файли мали б разом { $found }; дозволено щонайбільше { $max }. Файли видаляються разом з операціями.
too-many-fields = У формі забагато полів; дозволено щонайбільше { $max }.
too-many-files = Надіслано забагато файлів; дозволено щонайбільше { $max }.
too-many-values = Вхідні дані мають забагато значень; дозволено щонайбільше { $max }.
too-many-pieces = Запит надійшов у забагатьох малих частинах.
incomplete = Запит надійшов не повністю. Спробуйте ще раз.
not-utf8 = Форма містить текст не в кодуванні UTF-8.
has-nul = Символ U+0000 не дозволено.
not-a-form = Не вдалося прочитати форму.
file-without-name = Файл надіслано без назви. Надішліть його ще раз із назвою.
busy = Сервер зайнятий. Спробуйте ще раз за мить.
internal = На сервері сталася помилка.
other-site = Запити з інших сайтів відхиляються.
unknown-host = Ця адреса тут невідома.
not-in-group = У вас немає доступу до цієї сторінки.
not-allowed = У вас немає дозволу на цю дію.

## Forms

mistakes =
    { $count ->
       *[other] Потрібно виправити помилок: { $count }
    }
start = Почати
required = обов’язково
one-per-line = По одному в рядку.
in-utc = За UTC.
files-again = Виберіть файли ще раз.
yes = Так
no = Ні
missing = Це поле обов’язкове.
missing-choice = Виберіть один із варіантів.
missing-file = Виберіть файл.
not-uploaded = Завантажте файл. Шлях тут не приймається.
not-a-list = Очікувався список.
several = Очікувалося одне значення, отримано кілька.
not-a-choice = Виберіть один із наведених варіантів.
not-an-email = Очікувалася адреса електронної пошти, як-от ann@example.org.
not-a-url = Очікувалася URL-адреса, як-от https://example.org.
not-base64 = Очікувався Base64.
not-a-string = Очікувався текст.
not-whole = Очікувалося ціле число.
not-a-number = Очікувалося число.
not-yes-or-no = Очікувалося «так» або «ні».
not-a-date = Очікувалася дата, як-от 2026-02-28.
not-a-time = Очікувався час, як-от 14:30.
not-a-date-time = Очікувалися дата й час, як-от 2026-02-28T14:30.
not-an-instant = Очікувалися дата й час, як-от 2026-02-28T14:30Z.
out-of-bounds = Очікувалося значення від { $min } до { $max }, отримано { $found }.
too-small = Очікувалося { $min } або більше, отримано { $found }.
too-great = Очікувалося { $max } або менше, отримано { $found }.
too-long = Очікувалося щонайбільше { $max } знаків, отримано { $found }.
file-too-large = Очікувався файл розміром щонайбільше { $max } байтів.
not-accepted = Очікувався файл типу { $accept }.
