-- Take a message out of the dead letters and put it, renewed, into the queue: both or neither. The mark says that it was
-- done to whoever does not get the answer, and to whoever asks twice.
if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 0 then
    return redis.call('EXISTS', KEYS[3])
end
redis.call('LPUSH', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], '1', 'EX', ARGV[3])
return 1
