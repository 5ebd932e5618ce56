-- The steps of the sequence after a version, in order.
--
-- KEYS  1 seat_event  2 seat_changes
-- ARGV  1 epoch  2 seq  3 limit
-- Reply changes, then for each: <seq> <seat:a|b|x|h:until (ms)>,…
--       resync   another epoch, a version ahead, or the next step is no longer kept
--       not_loaded
-- Cost  O(limit); nothing new about 20 µs, 16 of it to ask for the run id.

local event, changes = KEYS[1], KEYS[2]
local since, limit = tonumber(ARGV[2]), ARGV[3]

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local state = redis.call('HMGET', event, '#run', '#epoch', '#load', '#seq')
if state[1] ~= run then redis.call('HDEL', event, '#epoch', '#load') end
if state[1] ~= run or not state[2] or state[3] then return {'not_loaded'} end
local seq = tonumber(state[4])
if state[2] ~= ARGV[1] or since > seq then return {'resync'} end
if since == seq then return {'changes'} end

local first = string.format('%.0f-0', since + 1)
local entries = redis.call('XRANGE', changes, first, '+', 'COUNT', limit)
if not entries[1] or entries[1][1] ~= first then return {'resync'} end
local reply = {'changes'}
for _, entry in ipairs(entries) do
  reply[#reply + 1] = string.match(entry[1], '^%d+')
  reply[#reply + 1] = entry[2][2]
end
return reply
