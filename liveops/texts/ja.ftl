## States of an operation

not-started = 開始待ち
waits-for-newer-version = アプリケーションの新しいバージョンを待っています
waits-for-earlier-version = アプリケーションの以前のバージョンを待っています
started = 実行中
finished-ok = 完了
finished-error = 失敗
cancelled = キャンセル済み

## States of a stage

stage-pending = 待機中
stage-active = 実行中
stage-done = 完了
stage-failed = 失敗
stage-cancelled = キャンセル済み
stage-reused = 再利用

## Actions

cancel = キャンセル
cancelling = キャンセル中…
retry = 再実行
retry-question = 結果は「以前の試行」に残ります。
run-again = もう一度実行
continue = 続ける
continued-in = 続き：
continued-from = 前の処理：

## Attempts

attempt-of = 試行 { $number }/{ $max }
next-attempt-in = 、次の試行まで
attempt-failed = 試行 { $number }/{ $max } は失敗しました。次の試行は{ $wait }後です：{ $message }
hand-backs = サーバーの再起動：{ $count }
earlier-attempts = 以前の試行
attempt-number = 試行 { $number }
attempt-lost = ワーカーが応答しなくなりました
attempt-handed-back = 再起動により中断

## Progress

progress = 進捗
percent = { $percent }%
done-of-total = { $done }/{ $total }
per-second = 毎秒{ $rate }
time-left = 残り{ $time }
stopped-at = { $position } で停止
labelled = { $label }：{ $text }

## Durations

hours-minutes = { $hours }時間{ $minutes }分
minutes-seconds = { $minutes }分{ $seconds }秒
seconds = { $seconds }秒
size-bytes = { $count } バイト
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-gigabytes = { $count } GB

## Page of an operation

operation = 処理
log = ログ
new-lines = 新しい行：{ $count }
whole-log = ログ全体
lines-left-out =
    { $lines ->
       *[other] { $lines }行を省略しました
    }
traceback = トレースバック
details = 詳細

## Connection

connected = ライブ
reconnecting = 再接続中…
offline = オフライン
refused = 操作に失敗しました。もう一度お試しください。
unreachable = サーバーに接続できませんでした。もう一度お試しください。
signed-out = サインアウトしています。もう一度サインインしてください。
dismiss = 閉じる

## List of operations

operations = 処理一覧
all-operations = すべての処理
no-operations = 処理はありません。
search-continues = 検索した { $count } 件の操作に、ほかの一致はありません。続きは次のページで検索します。
next-page = 次のページ
previous-page = 前のページ
state = 状態
status = ステータス
owner = 所有者
created = 作成日時
description = 説明
every-state = すべて
search = 検索
show = 表示

## List for staff

type = 種類
every-type = すべて
age = 経過時間
every-age = 指定なし
within-hour = 直近1時間以内
within-days =
    { $days ->
       *[other] 直近{ $days }日以内
    }
older-than-days =
    { $days ->
       *[other] { $days }日より前
    }
sort = 並び順
newest = 新しい順
oldest = 古い順
last-finished = 終了が新しい順
longest-running = 実行時間が長い順
select-all = このページをすべて選択
select-operation = { $title }、{ $owner }、{ $created }を選択
cancel-selected = 選択した処理をキャンセル
retry-selected = 選択した処理を再実行
done-of-selected = { $all }件中{ $done }件に適用しました。
nothing-selected = 処理が選択されていません。
staff-only = スタッフ専用

## Staff details of an operation

for-staff = スタッフ用
input = 入力
attempt = 試行
attempts-before = 数えない試行
worker = ワーカー
queue = キュー
priority = 優先度
not-before = 開始可能日時
due = 待機開始
started-on = 開始日時
ended-on = 終了日時
waited = 待ち時間
ran = 実行時間
chained-from = 開始元
chained-to = 続きの処理
actions = 操作の記録
the-application = アプリケーション
action-create = 作成
action-cancel = キャンセル
action-retry = 再実行
action-bulk-cancel = 一括キャンセル
action-bulk-retry = 一括再実行
action-prune = 古い処理を削除
action-give-up-hook = 終了後のフックを失敗のため中止
last-prune = 古い処理の最終削除：{ $time }（{ $count }）
stage = 段階
entered = 開始
left = 終了
took = 所要時間
unknown = 不明

## Reasons for the end of a run

went-wrong = エラーが発生しました。繰り返し発生する場合は、次のIDをサポートにお知らせください：{ $id }
took-too-long = { $time }を超えたため停止されました。
result-too-large = 結果が大きすぎるため保存できません。必要な場合は、次のIDをサポートにお知らせください：{ $id }
worker-lost = ワーカーが応答しなくなりました。
worker-lost-each-time = すべての試行でワーカーが応答しなくなりました。
interrupted = 再起動により中断されました。
starts-again = サーバーが再起動したため、操作を最初からやり直します。
cannot-be-stopped = この操作のコードはまだ実行中で、停止できません。
may-still-run = 一部はまだ実行中の可能性があります。

## In a terminal

stage-was-reused = 以前の試行の結果を再利用しました
stage-has-failed = この段階は失敗しました
warning = 警告
error = エラー
result = 結果
# The number of values of a result that are not shown.
more = ほか { $count } 件

## Refused requests

bad-request-title = 不正なリクエスト
forbidden-title = 許可されていません
not-found-title = 見つかりません
conflict-title = 今はできません
too-large-title = 大きすぎます
unsupported-title = 不明な形式
invalid-title = 入力が正しくありません
too-many-title = リクエストが多すぎます
busy-title = 混み合っています
internal-title = エラー
show-it = 処理を表示
already-ended = すでに終了しています。
not-ended = まだ終了していません。
not-registered = この種類の処理は、アプリケーションに登録されていません。
outdated-input = この操作の入力はアプリケーションで使用できなくなりました。新しい操作を開始してください。
retry-in-other-version = この操作を再試行できるのは、アプリケーションの別のバージョンだけです。数分後にもう一度お試しください。
duplicate = 同じ処理がすでに待機中または実行中です。
not-found = 処理が見つかりません。
too-many-pages = 開いているページが多すぎます。いくつか閉じてから、もう一度お試しください。
too-many-waiting = すでに { $max } 件の操作が待機中です。いくつかが開始されるまでお待ちください。
upload-too-large = ファイルは{ $found }です。上限は{ $max }です。
upload-over-limit = ファイルが大きすぎます。上限は{ $max }です。
input-too-large = 入力は{ $found }です。上限は{ $max }です。
input-over-limit = 入力が大きすぎます。上限は{ $max }です。
quota-reached = ファイルの合計が{ $found }になります。上限は{ $max }です。ファイルは操作と一緒に削除されます。
too-many-fields = フォームの項目が多すぎます。上限は{ $max }個です。
too-many-files = ファイルが多すぎます。上限は{ $max }個です。
too-many-values = 入力の値が多すぎます。上限は{ $max }個です。
too-many-pieces = リクエストが細かく分割されすぎています。
incomplete = リクエストが最後まで届きませんでした。もう一度お試しください。
not-utf8 = フォームにUTF-8ではない文字列が含まれています。
has-nul = 文字U+0000は使用できません。
not-a-form = フォームを読み取れませんでした。
file-without-name = ファイル名のないファイルが送信されました。ファイル名を付けてもう一度送信してください。
busy = サーバーが混み合っています。しばらくしてからもう一度お試しください。
internal = サーバーでエラーが発生しました。
other-site = 他のサイトからのリクエストは拒否されます。
unknown-host = このアドレスは使用できません。
not-in-group = このページにアクセスする権限がありません。
not-allowed = この操作を実行する権限がありません。

## Forms

mistakes =
    { $count ->
       *[other] { $count }件の入力を修正してください
    }
start = 開始
required = 必須
one-per-line = 1行に1つずつ入力してください。
in-utc = UTCで入力してください。
files-again = ファイルをもう一度選択してください。
yes = はい
no = いいえ
missing = この項目は必須です。
missing-choice = いずれかを選択してください。
missing-file = ファイルを選択してください。
not-uploaded = ファイルをアップロードしてください。パスは使えません。
not-a-list = リストを指定してください。
several = 値は1つだけ指定してください。
not-a-choice = 表示されている選択肢から選んでください。
not-an-email = メールアドレスを入力してください（例：ann@example.org）。
not-a-url = URLを入力してください（例：https://example.org）。
not-base64 = Base64で指定してください。
not-a-string = 文字列を入力してください。
not-whole = 整数を入力してください。
not-a-number = 数値を入力してください。
not-yes-or-no = 「はい」か「いいえ」を指定してください。
not-a-date = 日付を入力してください（例：2026-02-28）。
not-a-time = 時刻を入力してください（例：14:30）。
not-a-date-time = 日時を入力してください（例：2026-02-28T14:30）。
not-an-instant = 日時を入力してください（例：2026-02-28T14:30Z）。
out-of-bounds = { $min }から{ $max }までの値を指定してください（入力値：{ $found }）。
too-small = { $min }以上の値を指定してください（入力値：{ $found }）。
too-great = { $max }以下の値を指定してください（入力値：{ $found }）。
too-long = { $max }文字以内で入力してください（現在{ $found }文字）。
file-too-large = ファイルは{ $max }バイト以内にしてください。
not-accepted = { $accept }形式のファイルを指定してください。
