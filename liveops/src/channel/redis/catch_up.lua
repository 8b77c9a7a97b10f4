-- Returns everything published after a client's cursor. `publish.lua` documents the layout of the state.
--
-- KEYS[1]  the state of the channel
-- ARGV[1]  the epoch of the client's cursor; empty for a client without a cursor
-- ARGV[2]  the sequence number of the client's cursor
--
-- Returns nil when nothing is retained, otherwise
-- `{epoch, seq, ended, kind, {{region, base or nil, items, html}, …}, {signal, …}}`,
-- where `kind` is `nothing`, `delta` or `reset`.

local key, since_epoch, since_seq = KEYS[1], ARGV[1], tonumber(ARGV[2])

local head = redis.call('HMGET', key, 'epoch', 'seq', 'ended', 'signals', 'regions')
local epoch, seq, ended = head[1], tonumber(head[2]), head[3] and 1 or 0
if not epoch then
    return nil
end
if since_epoch == epoch and since_seq == seq then
    return {epoch, seq, ended, 'nothing', {}, {}}
end

local regions, additions, oldest = {}, {}, 1
for region in string.gmatch(head[5] or '', '%S+') do
    table.insert(regions, region)
    local kept = redis.call('HGET', key, 'added:' .. region)
    if kept then
        local first, last, dropped = string.match(kept, '^(%d+) (%d+) %d+ %d+ (%d+)$')
        additions[region] = {tonumber(first), tonumber(last)}
        oldest = math.max(oldest, tonumber(dropped))
    end
end

local is_known = since_epoch == epoch and oldest <= since_seq and since_seq <= seq
local since = is_known and since_seq or 0

local changed = {}
for _, region in ipairs(regions) do
    local base_seq, base =
        string.match(redis.call('HGET', key, 'base:' .. region), '^(%d+) (.*)$')
    local is_whole = tonumber(base_seq) > since
    local items, html = 0, {}
    if additions[region] then
        local first, last = unpack(additions[region])
        for n = last, first, -1 do
            local its_seq, its_items, its_html = string.match(
                redis.call('HGET', key, 'added:' .. region .. ':' .. n), '^(%d+) (%d+) (.*)$')
            if not is_whole and tonumber(its_seq) <= since then
                break
            end
            items = items + tonumber(its_items)
            table.insert(html, its_html)
        end
        for n = 1, math.floor(#html / 2) do
            html[n], html[#html + 1 - n] = html[#html + 1 - n], html[n]
        end
    end
    if is_whole or items > 0 then
        table.insert(changed, {region, is_whole and base, items, table.concat(html)})
    end
end

local signals = {}
for n = 1, tonumber(head[4] or '0') do
    local its_seq, signal = string.match(redis.call('HGET', key, 'signal:' .. n), '^(%d+) (.*)$')
    if tonumber(its_seq) > since then
        table.insert(signals, signal)
    end
end

return {epoch, seq, ended, is_known and 'delta' or 'reset', changed, signals}
