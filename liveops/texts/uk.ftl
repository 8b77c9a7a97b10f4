## Where an operation is in its life

not-started = Очікує на запуск
started = Виконується
finished-ok = Завершено
finished-error = Помилка
cancelled = Скасовано

## Where a stage is

stage-pending = очікує
stage-active = виконується
stage-done = готово
stage-failed = помилка
stage-cancelled = скасовано
stage-reused = використано повторно

## What can be done

cancel = Скасувати
cancelling = Скасування…
retry = Повторити
continue = Далі
continued-in = Продовження:

## Attempts

attempt-of = Спроба { $number } з { $max }
next-try-in = , наступна через
attempt-failed = Спроба { $number } з { $max } не вдалася, наступна через { $wait }: { $message }

## Progress

progress = Перебіг
percent = { $percent } %
done-of-total = { $done } з { $total }
per-second = { $rate }/с
time-left = залишилося { $time }
labelled = { $label }: { $text }

## Durations

hours-minutes = { $hours } год { $minutes } хв
minutes-seconds = { $minutes } хв { $seconds } с
seconds = { $seconds } с

## The page of an operation

operation = Операція
log = Журнал
whole-log = Увесь журнал
lines-gone =
    { $lines ->
        [one] Бракує перших рядків: { $lines }
        [few] Бракує перших рядків: { $lines }
        [many] Бракує перших рядків: { $lines }
       *[other] Бракує перших рядків: { $lines }
    }
traceback = Слід помилки

## The connection

connected = Наживо
reconnecting = Відновлення з’єднання…
offline = Немає з’єднання
refused = Не вдалося. Спробуйте ще раз.
unreachable = Сервер недоступний. Спробуйте ще раз.

## The list

operations = Операції
all-operations = Усі операції
no-operations = Тут немає операцій.
next-page = Наступна сторінка
previous-page = Попередня сторінка
state = Стан
status = Статус
owner = Власник
created = Створено
every-state = Усі
search = Пошук
show = Показати

## The list of staff

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
done-of-selected = Виконано для { $done } з { $all }.
nothing-selected = Нічого не позначено.
staff-only = Лише для персоналу.

## What staff see of an operation

for-staff = Для персоналу
input = Вхідні дані
attempt = Спроба
attempts-before = Спроби, що не рахуються
worker = Процес-виконавець
queue = Черга
priority = Пріоритет
not-before = Не раніше
due = Готова до запуску з
started-on = Розпочато
ended-on = Завершено
waited = Очікування
ran = Виконання
chained-from = Створена операцією
chained-to = Передано операції
stage = Етап
entered = Початок
left = Кінець
took = Тривалість
unknown = невідомо

## How a run ended

went-wrong = Щось пішло не так. Якщо це повториться, повідомте службі підтримки цей номер: { $id }
took-too-long = Операцію зупинено, бо вона тривала довше ніж { $time }.
result-too-large = Результат завеликий, щоб його зберегти. Якщо він вам потрібен, повідомте службі підтримки цей номер: { $id }
worker-lost = Процес, що виконував операцію, перестав відповідати.
worker-lost-each-time = Процес, що виконував операцію, щоразу переставав відповідати.

## In a terminal

stage-was-reused = Використано повторно: цей етап виконала попередня спроба
stage-has-failed = Цей етап не вдався
warning = Попередження
error = Помилка
result = Результат

## Requests that are refused

bad-request-title = Хибний запит
forbidden-title = Немає доступу
not-found-title = Не знайдено
conflict-title = Зараз це неможливо
too-large-title = Завелике
unsupported-title = Невідомий формат
invalid-title = Це неможливо прочитати
too-many-title = Забагато
internal-title = Помилка
show-it = Показати її
already-ended = Операція вже завершилася.
not-ended = Операція ще не завершилася.
not-registered = Застосунок більше не знає цього типу операцій.
duplicate = Така сама операція вже очікує або виконується.
not-found = Такої операції немає.
too-many-pages = У вас відкрито забагато сторінок.
upload-too-large = Очікувалося щонайбільше { $bytes } байтів, отримано більше.
internal = На сервері щось пішло не так.
other-site = Запити з інших сайтів відхиляються.
not-in-group = Ви не належите до групи, для якої ця сторінка.

## Forms

mistakes =
    { $count ->
       *[other] Потрібно виправити: { $count }
    }
start = Почати
required = обов’язково
one-per-line = По одному в рядку.
in-utc = За UTC.
files-again = Файли потрібно вибрати ще раз.
yes = Так
no = Ні
missing = Заповніть це поле.
missing-choice = Виберіть один із варіантів.
missing-file = Виберіть файл.
not-uploaded = Завантажте файл: шлях тут не приймається.
not-a-list = Очікувався список.
several = Очікувалося одне значення, отримано кілька.
not-a-choice = Виберіть один із наявних варіантів.
not-an-email = Очікувалася адреса пошти, як-от ann@example.org.
not-a-url = Очікувалася адреса, як-от https://example.org.
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
