-- Makes seats available whose holds have run out. Called without seats it names those that are
-- due, so that the second call declares their locks. Repeated, it changes nothing.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_changes  4… seat_lock of each seat
-- ARGV  1 limit  2… the seats, in the order of their keys
-- Reply due <epoch> <seq> <seat>…          without seats; one more than the limit when there are
--       swept <epoch> <seq> <how many>     with seats
--       not_loaded
-- Cost  O(limit); nothing due about 20 µs, 16 of it to ask for the run id.

local event, holds, changes = KEYS[1], KEYS[2], KEYS[3]

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local state = redis.call('HMGET', event, '#run', '#epoch', '#load', '#seq')
if state[1] ~= run then redis.call('HDEL', event, '#epoch', '#load') end
if state[1] ~= run or not state[2] or state[3] then return {'not_loaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if #ARGV == 1 then
  local due = redis.call('ZRANGEBYSCORE', holds, '-inf', string.format('%.0f', now),
    'LIMIT', 0, tonumber(ARGV[1]) + 1)
  return {'due', state[2], state[4], unpack(due)}
end
local states, seq = {}, state[4]
for i = 2, #ARGV do
  local seat = ARGV[i]
  local until_ms = tonumber(redis.call('ZSCORE', holds, seat) or math.huge)
  -- The lock says whether it is held, the index only where to look.
  if until_ms <= now and redis.call('EXISTS', KEYS[i + 2]) == 0 then
    redis.call('ZREM', holds, seat)
    states[#states + 1] = seat .. ':a'
  end
end
if #states > 0 then
  seq = string.format('%.0f', redis.call('HINCRBY', event, '#seq', 1))
  redis.call('XADD', changes, 'MAXLEN', '~', 4000, seq .. '-0', 'seats', table.concat(states, ','))
  redis.call('EXPIRE', changes, 3600)
  redis.pcall('PUBLISH', changes, seq)
end
return {'swept', state[2], seq, #states}
