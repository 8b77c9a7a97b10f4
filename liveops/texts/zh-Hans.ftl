## States of an operation

not-started = 等待开始
waits-for-newer-version = 正在等待应用程序的较新版本
waits-for-earlier-version = 正在等待应用程序的较早版本
started = 运行中
finished-ok = 已完成
finished-error = 失败
cancelled = 已取消

## States of a stage

stage-pending = 等待中
stage-active = 进行中
stage-done = 已完成
stage-failed = 失败
stage-cancelled = 已取消
stage-reused = 已复用

## Actions

cancel = 取消
cancelling = 正在取消…
retry = 重试
retry-question = 结果会保留在“之前的尝试”中。
run-again = 再次运行
continue = 继续
continued-in = 后续：
continued-from = 接续自：

## Attempts

attempt-of = 第 { $number } 次尝试，共 { $max } 次
next-attempt-in = ，距下次尝试
attempt-failed = 第 { $number } 次尝试（共 { $max } 次）失败，{ $wait }后进行下次尝试：{ $message }
hand-backs = 服务器重启次数：{ $count }
earlier-attempts = 之前的尝试
attempt-number = 第 { $number } 次尝试
attempt-lost = 执行进程停止响应
attempt-handed-back = 因重启而中断

## Progress

progress = 进度
percent = { $percent }%
done-of-total = { $done } / { $total }
per-second = 每秒 { $rate }
time-left = 剩余 { $time }
stopped-at = 停止于 { $position }
labelled = { $label }：{ $text }

## Durations

hours-minutes = { $hours } 小时 { $minutes } 分钟
minutes-seconds = { $minutes } 分 { $seconds } 秒
seconds = { $seconds } 秒
size-bytes = { $count } 字节
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-gigabytes = { $count } GB

## Page of an operation

operation = 操作
log = 日志
new-lines = 新行：{ $count }
whole-log = 完整日志
lines-left-out =
    { $lines ->
       *[other] 省略了 { $lines } 行
    }
traceback = 错误追踪
details = 详细信息

## Connection

connected = 实时
reconnecting = 正在重新连接…
offline = 离线
refused = 操作未成功，请重试。
unreachable = 无法连接服务器，请重试。
signed-out = 您已退出登录。请重新登录。
dismiss = 关闭

## List of operations

operations = 操作
all-operations = 全部操作
no-operations = 没有操作。
search-continues = 在已搜索的 { $count } 个操作中没有更多匹配项。搜索将在下一页继续。
next-page = 下一页
previous-page = 上一页
state = 状态
status = 进展
owner = 所有者
created = 创建时间
description = 描述
every-state = 全部
search = 搜索
show = 显示

## List for staff

type = 类型
every-type = 全部
age = 时间
every-age = 不限
within-hour = 最近一小时内
within-days =
    { $days ->
       *[other] 最近 { $days } 天内
    }
older-than-days =
    { $days ->
       *[other] { $days } 天以前
    }
sort = 排序
newest = 最新的在前
oldest = 最早的在前
last-finished = 最近结束的在前
longest-running = 运行最久的在前
select-all = 全选本页
select-operation = 选择 { $title }，{ $owner }，{ $created }
cancel-selected = 取消所选
retry-selected = 重试所选
done-of-selected = 已应用于 { $done } 项，共 { $all } 项。
nothing-selected = 未选择任何操作。
staff-only = 仅供工作人员使用。

## Staff details of an operation

for-staff = 工作人员
input = 输入
attempt = 尝试
attempts-before = 不计入的尝试
worker = 工作进程
queue = 队列
priority = 优先级
not-before = 最早开始
due = 就绪时间
started-on = 开始时间
ended-on = 结束时间
waited = 等待时长
ran = 运行时长
chained-from = 来源操作
chained-to = 后续操作
actions = 操作记录
the-application = 应用程序
action-create = 创建
action-cancel = 取消
action-retry = 重试
action-bulk-cancel = 批量取消
action-bulk-retry = 批量重试
action-prune = 删除旧操作
action-give-up-hook = 结束后的回调多次失败，已放弃
last-prune = 上次删除旧操作：{ $time }（{ $count }）
stage = 阶段
entered = 开始
left = 结束
took = 用时
unknown = 未知

## Reasons for the end of a run

went-wrong = 出现错误。如果再次发生，请将此 ID 告知支持人员：{ $id }
took-too-long = 因运行超过 { $time }而被停止。
result-too-large = 结果过大，无法保存。如果需要，请将此 ID 告知支持人员：{ $id }
worker-lost = 执行进程已停止响应。
worker-lost-each-time = 执行进程在每次尝试中都停止了响应。
interrupted = 因重启而中断。
starts-again = 服务器已重启；操作将重新开始。
cannot-be-stopped = 此操作的代码仍在运行，无法停止。
may-still-run = 其中一部分可能仍在运行。

## In a terminal

stage-was-reused = 复用了之前尝试的结果
stage-has-failed = 此阶段失败
warning = 警告
error = 错误
result = 结果
# The number of values of a result that are not shown.
more = 还有 { $count } 项

## Refused requests

bad-request-title = 请求有误
forbidden-title = 不允许
not-found-title = 未找到
conflict-title = 暂时无法进行
too-large-title = 过大
unsupported-title = 未知格式
invalid-title = 输入无效
too-many-title = 请求过多
busy-title = 服务器繁忙
internal-title = 错误
show-it = 显示操作
already-ended = 操作已经结束。
not-ended = 操作尚未结束。
not-registered = 应用程序不再支持这种类型的操作。
outdated-input = 应用不再接受此操作的输入。请启动新的操作。
retry-in-other-version = 只有应用的其他版本才能重试此操作。请几分钟后再试。
duplicate = 相同的操作已在等待或运行。
not-found = 未找到操作。
too-many-pages = 打开的页面过多。请关闭一些页面后重试。
too-many-waiting = 您已有 { $max } 个操作在等待。请等待其中一些开始。
upload-too-large = 文件大小为 { $found }，上限为 { $max }。
upload-over-limit = 文件过大，上限为 { $max }。
input-too-large = 输入内容大小为 { $found }，上限为 { $max }。
input-over-limit = 输入内容过大，上限为 { $max }。
quota-reached = 您的文件合计将达到 { $found }，上限为 { $max }。文件会随其操作一起删除。
too-many-fields = 表单字段过多，上限为 { $max } 个。
too-many-files = 文件过多，上限为 { $max } 个。
too-many-values = 输入的值过多，上限为 { $max } 个。
too-many-pieces = 请求被拆分成过多的小片段。
incomplete = 请求未完整送达。请重试。
not-utf8 = 表单包含非 UTF-8 文本。
has-nul = 不允许使用字符 U+0000。
not-a-form = 无法读取表单。
file-without-name = 发送的文件没有文件名。请附上文件名重新发送。
busy = 服务器繁忙。请稍后重试。
internal = 服务器出现错误。
other-site = 来自其他网站的请求会被拒绝。
unknown-host = 此处无法识别该地址。
not-in-group = 您无权访问此页面。
not-allowed = 您没有执行此操作的权限。

## Forms

mistakes =
    { $count ->
       *[other] 有 { $count } 处需要修改
    }
start = 开始
required = 必填
one-per-line = 每行一个。
in-utc = 使用 UTC 时间。
files-again = 请重新选择文件。
yes = 是
no = 否
missing = 此项为必填。
missing-choice = 请选择一个选项。
missing-file = 请选择文件。
not-uploaded = 请上传文件。此处不接受路径。
not-a-list = 应为列表。
several = 应为一个值，实际有多个。
not-a-choice = 请从列出的选项中选择。
not-an-email = 应为邮箱地址，例如 ann@example.org。
not-a-url = 应为网址，例如 https://example.org。
not-base64 = 应为 Base64。
not-a-string = 应为文本。
not-whole = 应为整数。
not-a-number = 应为数字。
not-yes-or-no = 应为“是”或“否”。
not-a-date = 应为日期，例如 2026-02-28。
not-a-time = 应为时间，例如 14:30。
not-a-date-time = 应为日期和时间，例如 2026-02-28T14:30。
not-an-instant = 应为日期和时间，例如 2026-02-28T14:30Z。
out-of-bounds = 应为 { $min } 到 { $max } 之间的值，实际为 { $found }。
too-small = 应为 { $min } 或更大，实际为 { $found }。
too-great = 应为 { $max } 或更小，实际为 { $found }。
too-long = 最多 { $max } 个字符，实际为 { $found } 个。
file-too-large = 文件最多 { $max } 字节。
not-accepted = 应为 { $accept } 类型的文件。
