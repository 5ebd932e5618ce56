-- Takes available seats into one transfer each, to be blocked: all of them or none. Seats that
-- are blocked already are passed over. Repeated, it is begun again.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_changes  4 seat_transfers  5 seat_gone
--       6… seat_lock of each seat
-- ARGV  1… for each seat: booking id, seat
-- Reply begun <epoch> <seat blocked already>…
--       taken <seat>…   held, booked or in another transfer; nothing was changed
--       not_loaded
-- Cost  O(seats).

local event, holds, changes, transfers, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local state = redis.call('HMGET', event, '#epoch', '#load')
if not state[1] or state[2] then return {'not_loaded'} end

local taken, blocked, fresh = {'taken'}, {'begun', state[1]}, {}
for i = 1, #ARGV, 2 do
  local id, seat, lock = ARGV[i], ARGV[i + 1], KEYS[6 + (i - 1) / 2]
  local kind, of = string.match(redis.call('HGET', event, seat) or '', '^(%a):(%x+)')
  if kind == 'x' then
    blocked[#blocked + 1] = seat
  elseif kind == 'p' and of == id then
    -- Begun by the same request.
  elseif kind or redis.call('EXISTS', lock) == 1 or redis.call('ZSCORE', gone, id) then
    taken[#taken + 1] = seat
  else
    fresh[#fresh + 1] = i
  end
end
if #taken > 1 then return taken end

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local states = {}
for _, i in ipairs(fresh) do
  local id, seat = ARGV[i], ARGV[i + 1]
  -- A hold that ran out is still shown; a seat in this transfer is shown available.
  if redis.call('ZREM', holds, seat) == 1 then states[#states + 1] = seat .. ':a' end
  redis.call('HSET', event, seat, 'p:' .. id, '#t:' .. id, '::' .. now .. ':' .. seat)
  redis.call('ZADD', transfers, now, id)
end
if #states > 0 then
  local seq = string.format('%.0f', redis.call('HINCRBY', event, '#seq', 1))
  redis.call('XADD', changes, 'MAXLEN', '~', 4000, seq .. '-0', 'seats', table.concat(states, ','))
  redis.call('EXPIRE', changes, 3600)
  redis.pcall('PUBLISH', changes, seq)
end
return blocked
