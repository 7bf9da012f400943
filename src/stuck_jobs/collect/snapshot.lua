-- One atomic look at one queue.
--
-- KEYS: the main list, the retry set, the dead list.
-- ARGV: how many messages to read of each; the bytes to which a message is cut; how many bytes to touch, and
-- for how many microseconds, at most; how many bytes to touch even if the time is up.
-- Returns for each key: its depth; the messages, packed one behind the other; the length of each; the places and
-- sizes of those that were cut; the scores.
--
-- Messages are fetched in steps that grow while they are small: a size is known only after the fetch, so this is
-- what keeps a list of huge messages from blocking the server. The bytes count whole messages, plus what each one
-- costs anyhow. They are packed because Lua hashes but a few bytes of a string, and is slow with many that are alike.
-- The clock stands still in a script since Redis 7.2, and counts before. It also runs while the server waits for a
-- processor: on a busy machine a short list must not be cut for that.
local MESSAGE_COST = 400
local STEP_BYTES = 65536
local MAX_STEP = 128
local TYPES = { 'list', 'zset', 'list' }
local READING_ORDER = { 2, 3, 1 } -- the main list last: it may use what the others leave

local call = redis.call
local limit, cap = tonumber(ARGV[1]), tonumber(ARGV[2])
local bytes, time, sure_bytes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function now()
    local clock = redis.pcall('TIME')
    return clock.err and 0 or clock[1] * 1000000 + clock[2]
end

local function oldest_of_list(key, place, count)
    local newest_first = call('LRANGE', key, -(place + count), -(place + 1))
    local messages = {}
    for i = #newest_first, 1, -1 do
        messages[#messages + 1] = newest_first[i]
    end
    return messages, {}
end

local function first_due_of_set(key, place, count)
    local found = call('ZRANGE', key, place, place + count - 1, 'WITHSCORES')
    local messages, scores = {}, {}
    for i = 1, #found, 2 do
        messages[#messages + 1] = found[i]
        scores[#scores + 1] = found[i + 1]
    end
    return messages, scores
end

local function read(key, depth, fetch, most_bytes, deadline, sure)
    local packs, lengths, cut, scores = {}, {}, {}, {}
    local wanted = math.min(depth, limit)
    local place, spent, step = 0, 0, 1
    while place < wanted and spent < most_bytes and (spent < sure or now() <= deadline) do
        local messages, their_scores = fetch(key, place, math.min(step, wanted - place))
        local touched = 0
        for i, message in ipairs(messages) do
            touched = touched + #message
            if #message > cap then
                cut[#cut + 1] = place
                cut[#cut + 1] = #message
                messages[i] = message:sub(1, cap)
            end
            place = place + 1
            lengths[place] = #messages[i]
            scores[#scores + 1] = their_scores[i]
        end
        packs[#packs + 1] = table.concat(messages)
        spent = spent + touched + MESSAGE_COST * #messages
        step = math.min(MAX_STEP, 2 * step, math.max(1, math.floor(STEP_BYTES * #messages / (touched + 1))))
        messages = nil
        collectgarbage()
    end
    return { depth, packs, lengths, cut, scores }, spent
end

for i, key in ipairs(KEYS) do
    local found = call('TYPE', key).ok
    if found ~= 'none' and found ~= TYPES[i] then
        return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. TYPES[i])
    end
end

local answer = {}
local stop = now() + time
for turn, i in ipairs(READING_ORDER) do
    local is_set = TYPES[i] == 'zset'
    local depth = call(is_set and 'ZCARD' or 'LLEN', KEYS[i])
    local share = 1 / (#READING_ORDER - turn + 1)
    local fetch = is_set and first_due_of_set or oldest_of_list
    local started = now()
    local deadline = started + (stop - started) * share
    local found, spent = read(KEYS[i], depth, fetch, bytes * share, deadline, sure_bytes * share)
    answer[i] = found
    bytes = bytes - spent
    sure_bytes = sure_bytes - spent
end
return answer
