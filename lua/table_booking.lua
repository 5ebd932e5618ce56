-- Holds a table with all its seats, or nothing. Single holds of the user on them become part of
-- it; table and seats then expire together, at the earliest of them.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_changes  4 seat_user of the user  5 table_lock
--       6… seat_lock of each seat of the table
-- ARGV  1 user  2 ttl (ms)
--       3 most seats of this event that the user may hold, those in its transfers counted
--       4 table
--       5… the seats, in the order of their keys
-- Reply held <epoch> <seq> <held since (ms)> <until (ms)>: the earliest of the seats
--       taken <1 when the table itself is, else 0> <seat>…   nothing was held
--       limit           the user would hold too many; nothing was held
--       not_loaded
-- Cost  O(seats of the table).

local event, holds, changes, own = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local user, ttl_ms, seats_max, table_id = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local state =
  redis.call('HMGET', event, '#epoch', '#load', '#seq', '#u:' .. user, 'table:' .. table_id,
    unpack(ARGV, 5))
if not state[1] or state[2] then return {'not_loaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local locks = redis.call('MGET', unpack(KEYS, 5))

-- The first lock is the table's, the others are its seats'.
local taken, since, expiries, fresh = {}, {}, {}, 0
local table_taken, ends = '0', now + ttl_ms
for i = 1, #locks do
  local owner, held_at = string.match(locks[i] or '', '^([^:]+):(%d+)')
  if state[i + 4] or (owner and owner ~= user) then
    if i == 1 then table_taken = '1' else taken[#taken + 1] = ARGV[i + 3] end
  elseif owner then
    since[i], expiries[i] = tonumber(held_at), redis.call('PEXPIRETIME', KEYS[i + 4])
    -- A table that is held again stays as it is.
    ends = i == 1 and expiries[i] or math.min(ends, expiries[i])
  else
    since[i] = now
    if i > 1 then fresh = fresh + 1 end
  end
end
if table_taken == '1' or #taken > 0 then return {'taken', table_taken, unpack(taken)} end
local more = fresh + tonumber(state[4] or 0)
if fresh > 0 and redis.call('ZCARD', own) + more > seats_max then
  -- Those that have run out do not count, and need no longer be there.
  redis.call('ZREMRANGEBYSCORE', own, '-inf', string.format('%.0f', now))
  if redis.call('ZCARD', own) + more > seats_max then return {'limit'} end
end

local until_ms = string.format('%.0f', ends)
local first, scores, states = now, {}, {}
for i = 1, #locks do
  local value = string.format('%s:%.0f:table:%s', user, since[i], table_id)
  redis.call('SET', KEYS[i + 4], value, 'PXAT', until_ms)
  if i > 1 then
    local seat = ARGV[i + 3]
    first = math.min(first, since[i])
    scores[#scores + 1] = until_ms
    scores[#scores + 1] = seat
    if expiries[i] ~= ends then states[#states + 1] = seat .. ':h:' .. until_ms end
  end
end
redis.call('ZADD', holds, unpack(scores))
redis.call('ZADD', own, unpack(scores))
if redis.call('PEXPIREAT', own, until_ms, 'NX') == 0 then
  redis.call('PEXPIREAT', own, until_ms, 'GT')
end
local seq = state[3]
if #states > 0 then
  seq = string.format('%.0f', redis.call('HINCRBY', event, '#seq', 1))
  redis.call('XADD', changes, 'MAXLEN', '~', 4000, seq .. '-0', 'seats', table.concat(states, ','))
  redis.call('EXPIRE', changes, 3600)
  redis.pcall('PUBLISH', changes, seq)
end
return {'held', state[1], seq, string.format('%.0f', first), until_ms}
