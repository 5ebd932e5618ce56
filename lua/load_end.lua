-- Ends a load: the event can be sold, and whoever follows it has to read it anew.
--
-- KEYS  1 seat_event  2 seat_changes
-- ARGV  1 epoch of the load
-- Reply done
--       fenced   somebody else has taken over; nothing was changed
-- Cost  O(1), 16 µs of it to ask for the run id.

local event, changes, epoch = KEYS[1], KEYS[2], ARGV[1]

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local state = redis.call('HMGET', event, '#run', '#epoch')
if state[1] ~= run then redis.call('HDEL', event, '#epoch', '#load') end
if state[1] ~= run or state[2] ~= epoch then return {'fenced'} end
redis.call('HDEL', event, '#load', '#lease', '#drop')
redis.pcall('PUBLISH', changes, 0)
return {'done'}
