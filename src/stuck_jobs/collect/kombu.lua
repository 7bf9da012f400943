-- One atomic look at what a broker of kombu's holds. What the messages carry stays in Redis.
--
-- KEYS: the hash of what workers have taken, the set of when they did; then the lists, a queue's in the order in which
-- workers take from them.
-- ARGV: how many messages to read of each; how many bytes of a message to open; for how many microseconds to read, and
-- how many messages to read even if the time is up; the name of the task that waits for others.
-- Returns for each but the set: its depth, what was read of each message as JSON, the oldest first, and whether that is
-- all there is.
--
-- A message is JSON whose body is cut out before it is opened; only of the task that waits for others is it opened, to
-- find whom it waits for.
local limit, cap = tonumber(ARGV[1]), tonumber(ARGV[2])
local time, sure = tonumber(ARGV[3]), tonumber(ARGV[4])
local waiting_task = ARGV[5]
local BODY = '"body"%s*:%s*"([^"\\]*)"'
local PICKED = { 'id', 'task', 'eta', 'retries' }
local STEP = 50

local call = redis.call
local opened = 0

local function now()
    local clock = call('TIME')
    return clock[1] * 1000000 + clock[2]
end

local deadline = now() + time

local function may_go_on()
    return opened < sure or now() <= deadline
end

local digits = {}
for place = 1, 64 do
    digits[('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'):byte(place)] = place - 1
end

local function decoded(text)
    local bytes = {}
    for place = 1, #text - 3, 4 do
        local a, b, c, d = text:byte(place, place + 3)
        local value = (digits[a] or 0) * 262144 + (digits[b] or 0) * 4096 + (digits[c] or 0) * 64 + (digits[d] or 0)
        bytes[#bytes + 1] = string.char(math.floor(value / 65536), math.floor(value / 256) % 256, value % 256)
    end
    local surplus = #text:match('=*$')
    local whole = table.concat(bytes)
    return whole:sub(1, #whole - surplus)
end

-- All ids within a result, its own first: it also names what goes before it in a chain.
local function ids_of(result, ids)
    if type(result) == 'string' then
        ids[#ids + 1] = result
    end
    for _, part in ipairs(type(result) == 'table' and result or {}) do
        ids_of(part, ids)
    end
    return ids
end

-- Whom a task waits for, by the results that it is given, in a place that depends on the backend.
local function members_of(body)
    local members = {}
    local function add(ids)
        if #ids > 0 then
            members[#members + 1] = ids
        end
    end
    local function collect(results)
        for _, result in ipairs(type(results) == 'table' and results or {}) do
            if type(result) == 'table' and type(result[2]) == 'table' then
                -- a group at the end of a chain is as many members as it has
                for _, child in ipairs(result[2]) do
                    add(ids_of(result[1], ids_of(child, {})))
                end
            else
                add(ids_of(result, {}))
            end
        end
    end
    local was_read, content = pcall(cjson.decode, decoded(body))
    if was_read and type(content) == 'table' then
        collect(type(content[2]) == 'table' and content[2].result)
        collect(type(content[1]) == 'table' and content[1][3])
    end
    return members
end

local function unreadable()
    return cjson.encode({ is_unreadable = true })
end

local function summary(message, delivered_at)
    opened = opened + 1
    local first, last, body = message:find(BODY)
    local size = #message
    if first then
        message = message:sub(1, first - 1) .. '"body":""' .. message:sub(last + 1)
    end
    if #message > cap then
        return unreadable()
    end
    local was_read, content = pcall(cjson.decode, message)
    if not was_read or type(content) ~= 'table' then
        return unreadable()
    end
    local routing_key
    if delivered_at then
        routing_key, content = content[3], content[1]
    end
    local headers = type(content) == 'table' and content.headers
    if type(headers) ~= 'table' or type(headers.id) ~= 'string' then
        return unreadable()
    end
    local found = { size = size, delivered_at = tonumber(delivered_at), queue = routing_key }
    for _, name in ipairs(PICKED) do
        found[name] = headers[name]
    end
    if headers.task == waiting_task and body and #body <= cap * 4 then
        local members = members_of(body)
        found.members = #members > 0 and members or nil
    end
    return cjson.encode(found)
end

local function read_held(key, index)
    local found, cursor = {}, '0'
    repeat
        local step = call('HSCAN', key, cursor, 'COUNT', STEP)
        cursor = step[1]
        for place = 1, #step[2], 2 do
            local score = call('ZSCORE', index, step[2][place])
            found[#found + 1] = summary(step[2][place + 1], score or '')
        end
    until cursor == '0' or #found >= limit or not may_go_on()
    return { call('HLEN', key), found, cursor == '0' and 1 or 0 }
end

local function read_list(key)
    local depth = call('LLEN', key)
    local found, wanted = {}, math.min(depth, limit)
    while #found < wanted and may_go_on() do
        local count = math.min(STEP, wanted - #found)
        local newest_first = call('LRANGE', key, -(#found + count), -(#found + 1))
        for place = #newest_first, 1, -1 do
            found[#found + 1] = summary(newest_first[place])
        end
    end
    return { depth, found, #found == depth and 1 or 0 }
end

local answer = { read_held(KEYS[1], KEYS[2]) }
for place = 3, #KEYS do
    answer[#answer + 1] = read_list(KEYS[place])
end
return answer
