-- Names who holds seats, singly or with a table, those in a transfer included.
--
-- KEYS  1 seat_event  2… seat_lock of each seat
-- ARGV  the seats, in the order of their keys
-- Reply holders, then for each seat that somebody holds: <seat> <user>
--       not_loaded
-- Cost  O(seats).

local event = KEYS[1]

local state = redis.call('HMGET', event, '#epoch', '#load', unpack(ARGV))
if not state[1] or state[2] then return {'not_loaded'} end
local locks = #ARGV > 0 and redis.call('MGET', unpack(KEYS, 2)) or {}

local reply = {'holders'}
for i, seat in ipairs(ARGV) do
  local lock = locks[i] or string.match(state[i + 2] or '', '^p:%x+:%d+:(.*)$')
  if lock then
    reply[#reply + 1] = seat
    reply[#reply + 1] = string.match(lock, '^[^:]+')
  end
end
return reply
