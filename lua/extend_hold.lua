-- Lets holds last longer: all of them or none. No hold is shortened, and none lasts longer than
-- the cap after the seat was first held; a table and its seats go on expiring together.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_changes  4 seat_user of the user
--       5… seat_lock of each seat, then table_lock of each table
-- ARGV  1 user  2 ttl from now (ms)  3 cap after the seat was first held (ms)  4 number of seats
--       5… for each seat: the seat, its table or an empty text; then the tables
-- Reply extended <epoch> <seq> <held since (ms)> <until (ms)>: the earliest of the seats
--       not_held <seat>…   these are not held so by the user; nothing was changed
--       in_transfer        the user is just confirming one of the seats; nothing was changed
--       not_loaded
-- Cost  O(seats + tables).

local event, holds, changes, own = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local user, ttl_ms, cap_ms, seats =
  ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local state = redis.call('HMGET', event, '#epoch', '#load', '#seq')
if not state[1] or state[2] then return {'not_loaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- What is at place i, the table it goes with, and its lock when the user holds it so.
local function lock_at(i)
  local item, with = ARGV[2 * i + 3], ARGV[2 * i + 4]
  if i > seats then
    with = ARGV[i + seats + 4]
    item = 'table:' .. with
  end
  local owner, held_at, rest =
    string.match(redis.call('GET', KEYS[i + 4]) or '', '^([^:]+):(%d+)(.*)$')
  if owner ~= user or rest ~= (with ~= '' and ':table:' .. with or '') then held_at = nil end
  return item, with, tonumber(held_at)
end

local whole, places, missing = {[''] = true}, {}, {}
for i = #KEYS - 4, 1, -1 do
  local item, with, held_at = lock_at(i)
  if i > seats then whole[with] = held_at ~= nil end
  if i <= seats and not (whole[with] and held_at) then table.insert(missing, 1, item) end
  places[i] = {item = item, unit = with ~= '' and with or i, held_at = held_at}
end
for _, seat in ipairs(missing) do
  local mark = redis.call('HGET', event, seat) or ''
  if string.match(mark, '^p:%x+:%d+:([^:]+):') == user then return {'in_transfer'} end
end
if #missing > 0 then return {'not_held', unpack(missing)} end

local target = {}
for _, place in ipairs(places) do
  local until_ms = math.min(now + ttl_ms, place.held_at + cap_ms)
  target[place.unit] = math.min(target[place.unit] or until_ms, until_ms)
end
local since, ends, latest, states = now, math.huge, 0, {}
for i, place in ipairs(places) do
  local before = redis.call('PEXPIRETIME', KEYS[i + 4])
  local after = math.max(target[place.unit], before)
  local until_ms = string.format('%.0f', after)
  redis.call('PEXPIREAT', KEYS[i + 4], until_ms)
  if i <= seats then
    since, ends = math.min(since, place.held_at), math.min(ends, after)
    latest = math.max(latest, after)
    redis.call('ZADD', holds, until_ms, place.item)
    redis.call('ZADD', own, until_ms, place.item)
    if after ~= before then states[#states + 1] = place.item .. ':h:' .. until_ms end
  end
end
redis.call('PEXPIREAT', own, string.format('%.0f', latest), 'GT')
local seq = state[3]
if #states > 0 then
  seq = string.format('%.0f', redis.call('HINCRBY', event, '#seq', 1))
  redis.call('XADD', changes, 'MAXLEN', '~', 4000, seq .. '-0', 'seats', table.concat(states, ','))
  redis.call('EXPIRE', changes, 3600)
  redis.pcall('PUBLISH', changes, seq)
end
return {'extended', state[1], seq, string.format('%.0f', since), string.format('%.0f', ends)}
