-- Transfers that began at least so long ago, the oldest first.
--
-- KEYS  1 seat_event  2 seat_transfers
-- ARGV  1 age (ms)  2 limit
-- Reply transfers <booking id>…
--       not_loaded
-- Cost  O(limit).

local state = redis.call('HMGET', KEYS[1], '#epoch', '#load')
if not state[1] or state[2] then return {'not_loaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf',
  string.format('%.0f', now - tonumber(ARGV[1])), 'LIMIT', 0, ARGV[2])
table.insert(oldest, 1, 'transfers')
return oldest
