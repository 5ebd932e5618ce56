-- Takes held seats and tables into a transfer: all of them or none. Their locks become marks
-- `p:`, which have no time limit; watchers go on seeing held seats, and the user's limit goes on
-- counting them. Repeated, it is begun again.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_user of the user  4 seat_transfers  5 seat_gone
--       6… seat_lock of each seat, then table_lock of each table
-- ARGV  1 booking id  2 user  3 fingerprint  4 number of seats
--       5… for each seat: the seat, its table or an empty text; then the tables
-- Reply begun <epoch>
--       gone        the id is cancelled or abandoned
--       mismatch    the transfer of that id has another fingerprint
--       not_owner <another transfer of the user with one of them, or empty> <seat>…: not held so
--       not_loaded
-- Cost  O(seats + tables).

local event, holds, own, transfers, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, user, fingerprint, seats = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local state = redis.call('HMGET', event, '#epoch', '#load', '#t:' .. id)
if not state[1] or state[2] then return {'not_loaded'} end
if redis.call('ZSCORE', gone, id) then return {'gone'} end
if state[3] then
  if string.match(state[3], '^[^:]*') ~= fingerprint then return {'mismatch'} end
  return {'begun', state[1]}
end

-- The tables come last and are looked at first: a seat goes with its table only.
local items, locks, whole, missing = {}, {}, {[''] = true}, {}
for i = #KEYS - 5, 1, -1 do
  local item, with = ARGV[2 * i + 3], ARGV[2 * i + 4]
  if i > seats then
    with = ARGV[i + seats + 4]
    item = 'table:' .. with
  end
  local lock = redis.call('GET', KEYS[i + 5]) or ''
  local owner, rest = string.match(lock, '^([^:]+):%d+(.*)$')
  local held = owner == user and rest == (with ~= '' and ':table:' .. with or '')
  if i > seats then whole[with] = held end
  if i <= seats and not (whole[with] and held) then table.insert(missing, 1, item) end
  items[i], locks[i] = item, lock
end
if #missing > 0 then
  for _, seat in ipairs(missing) do
    local mark = redis.call('HGET', event, seat) or ''
    local other, owner = string.match(mark, '^p:(%x+):%d+:([^:]+):')
    if owner == user then return {'not_owner', other, unpack(missing)} end
  end
  return {'not_owner', '', unpack(missing)}
end

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local fields =
  {'#t:' .. id, fingerprint .. ':' .. user .. ':' .. now .. ':' .. table.concat(items, ',')}
for i, item in ipairs(items) do
  local until_ms = redis.call('PEXPIRETIME', KEYS[i + 5])
  fields[#fields + 1] = item
  fields[#fields + 1] = string.format('p:%s:%.0f:%s', id, until_ms, locks[i])
end
redis.call('HSET', event, unpack(fields))
redis.call('DEL', unpack(KEYS, 6))
redis.call('ZREM', holds, unpack(items))
redis.call('ZREM', own, unpack(items))
redis.call('ZADD', transfers, now, id)
if seats > 0 then redis.call('HINCRBY', event, '#u:' .. user, seats) end
return {'begun', state[1]}
