-- Drops marks of earlier epochs, some thousand a call. Transfers stay.
--
-- KEYS  1 seat_event
-- ARGV  1 epoch of the load
-- Reply done     there are no more
--       again    there may be more: call again
--       fenced   somebody else has taken over; nothing was changed
-- Cost  about 5,000 fields a call.

local event, epoch = KEYS[1], ARGV[1]

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local state = redis.call('HMGET', event, '#run', '#epoch', '#load', '#lease', '#drop')
if state[1] ~= run then redis.call('HDEL', event, '#epoch', '#load') end
if state[1] ~= run or state[2] ~= epoch or not state[3] then return {'fenced'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local page = redis.call('HSCAN', event, state[5], 'COUNT', 5000)
local fields = page[2]
for i = 1, #fields, 2 do
  local of = string.match(fields[i + 1], '^[bx]:%x+:(%d+)$')
  if of and of ~= epoch and string.sub(fields[i], 1, 1) ~= '#' then
    redis.call('HDEL', event, fields[i])
  end
end
redis.call('HSET', event, '#drop', page[1],
  '#load', string.format('%.0f', now + tonumber(state[4])))
if page[1] == '0' then return {'done'} end
return {'again'}
