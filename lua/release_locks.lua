-- Gives back what a user holds: seats that are held as asked for, singly or with that table.
-- What the user does not hold is passed over.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_changes  4 seat_user of the user
--       5… seat_lock of each seat, then table_lock of each table
-- ARGV  1 user  2 number of seats  3… for each seat: the seat, its table or an empty text
-- Reply released <epoch> <seq> <seat>…
--       not_loaded
-- Cost  O(seats + tables).

local event, holds, changes, own = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local user, seats = ARGV[1], tonumber(ARGV[2])

local state = redis.call('HMGET', event, '#epoch', '#load', '#seq')
if not state[1] or state[2] then return {'not_loaded'} end

local reply, states = {'released', state[1], state[3]}, {}
for i = 1, seats do
  local seat, with = ARGV[2 * i + 1], ARGV[2 * i + 2]
  local owner, rest = string.match(redis.call('GET', KEYS[i + 4]) or '', '^([^:]+):%d+(.*)$')
  if owner == user and rest == (with ~= '' and ':table:' .. with or '') then
    redis.call('DEL', KEYS[i + 4])
    redis.call('ZREM', holds, seat)
    redis.call('ZREM', own, seat)
    reply[#reply + 1] = seat
    states[#states + 1] = seat .. ':a'
  end
end
for i = seats + 5, #KEYS do
  if string.match(redis.call('GET', KEYS[i]) or '', '^[^:]+') == user then
    redis.call('DEL', KEYS[i])
  end
end
if #states > 0 then
  reply[3] = string.format('%.0f', redis.call('HINCRBY', event, '#seq', 1))
  redis.call('XADD', changes, 'MAXLEN', '~', 4000, reply[3] .. '-0',
    'seats', table.concat(states, ','))
  redis.call('EXPIRE', changes, 3600)
  redis.pcall('PUBLISH', changes, reply[3])
end
return reply
