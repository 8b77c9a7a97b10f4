-- Publishes the next frame of a channel: fence, sequence number, retained state, expiry and delivery in one
-- atomic step.
--
-- KEYS[1]  the state of the channel, and the name of its pub/sub channel
-- ARGV[1]  the publisher: `run` and `queue` begin a history, `frame` continues one
-- ARGV[2]  the attempt
-- ARGV[3]  the epoch of a new history
-- ARGV[4]  the payload, as JSON
-- ARGV[5]  milliseconds until the state expires, before the end
-- ARGV[6]  milliseconds until the state expires, after the end
-- ARGV[7]  maximum number of items kept per region
-- ARGV[8]  maximum number of bytes kept per region
-- ARGV[9]  the ID of the publication, for a client that repeats a request whose answer was lost
--
-- Returns `{'taken', epoch, seq}`, `{'stale', attempt, 0}` or `{'not open', '', 0}`.
--
-- The state is one hash, so that it lies in one cluster slot and expires as a whole:
--   epoch, attempt, seq, ended, signals (count), regions (names, each followed by a space)
--   publication            the ID of the last publication
--   signal:<n>             `<seq> <json>`
--   base:<region>          `<seq> <html>`
--   added:<region>         `<first n> <last n> <items> <bytes> <seq of the last dropped addition>`
--   added:<region>:<n>     `<seq> <items> <html>`

local key, by, attempt, epoch, payload = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local publication = ARGV[9]
local items_max, bytes_max = tonumber(ARGV[7]), tonumber(ARGV[8])

local head = redis.call('HMGET', key, 'attempt', 'publication', 'epoch', 'seq')
if head[2] == publication then
    return {'taken', head[3], tonumber(head[4])}
end

local holder = tonumber(head[1] or '-1')
if holder > attempt or (holder == attempt and by == 'queue') then
    return {'stale', tostring(holder), 0}
end

local seq
if by == 'frame' then
    if holder ~= attempt then
        return {'not open', '', 0}
    end
    epoch = head[3]
    seq = redis.call('HINCRBY', key, 'seq', 1)
    redis.call('HSET', key, 'publication', publication)
else
    redis.call('DEL', key)
    redis.call('HSET', key, 'epoch', epoch, 'attempt', attempt, 'seq', 1, 'publication', publication)
    seq = 1
end

local function drop_additions(region)
    local field = 'added:' .. region
    local kept = redis.call('HGET', key, field)
    if kept then
        local first, last = string.match(kept, '^(%d+) (%d+)')
        for n = tonumber(first), tonumber(last) do
            redis.call('HDEL', key, field .. ':' .. n)
        end
        redis.call('HDEL', key, field)
    end
end

local function set_base(region, html)
    if redis.call('HSET', key, 'base:' .. region, string.format('%d ', seq) .. html) == 1 then
        local regions = redis.call('HGET', key, 'regions') or ''
        redis.call('HSET', key, 'regions', regions .. region .. ' ')
    end
end

local function add(region, items, html)
    if redis.call('HEXISTS', key, 'base:' .. region) == 0 then
        set_base(region, '')
    end
    local field = 'added:' .. region
    local kept = redis.call('HGET', key, field) or '1 0 0 0 0'
    local first, last, items_kept, bytes_kept, dropped =
        string.match(kept, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
    first, last, dropped = tonumber(first), tonumber(last) + 1, tonumber(dropped)
    items_kept, bytes_kept = tonumber(items_kept) + items, tonumber(bytes_kept) + #html
    redis.call('HSET', key, field .. ':' .. last, string.format('%d %d ', seq, items) .. html)
    while first < last and (items_kept >= items_max or bytes_kept >= bytes_max) do
        local oldest = redis.call('HGET', key, field .. ':' .. first)
        local its_seq, its_items, its_html = string.match(oldest, '^(%d+) (%d+) (.*)$')
        local fewer, less = items_kept - tonumber(its_items), bytes_kept - #its_html
        if fewer < items_max and less < bytes_max then
            break
        end
        redis.call('HDEL', key, field .. ':' .. first)
        items_kept, bytes_kept, dropped, first = fewer, less, tonumber(its_seq), first + 1
    end
    redis.call('HSET', key, field,
        string.format('%d %d %d %d %d', first, last, items_kept, bytes_kept, dropped))
end

local content = cjson.decode(payload)
if content.fragments then
    for _, fragment in ipairs(content.fragments) do
        if fragment.apply == 'replace' then
            drop_additions(fragment.region)
            set_base(fragment.region, fragment.html)
        else
            add(fragment.region, fragment.apply.append, fragment.html)
        end
    end
else
    local n = redis.call('HINCRBY', key, 'signals', 1)
    redis.call('HSET', key, 'signal:' .. n, string.format('%d ', seq) .. payload)
    if content.signal.finished then
        redis.call('HSET', key, 'ended', '1')
    end
end

redis.call('PEXPIRE', key, redis.call('HEXISTS', key, 'ended') == 1 and ARGV[6] or ARGV[5])
redis.call('PUBLISH', key, 'frame ' .. epoch .. ':' .. string.format('%d', seq) .. ' ' .. payload)
return {'taken', epoch, seq}
