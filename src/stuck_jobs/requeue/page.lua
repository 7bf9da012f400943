-- Some elements of a list with their lengths, each cut where it is larger than anybody needs.
local found = {}
for _, element in ipairs(redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])) do
    found[#found + 1] = #element
    found[#found + 1] = string.sub(element, 1, tonumber(ARGV[3]))
end
return found
