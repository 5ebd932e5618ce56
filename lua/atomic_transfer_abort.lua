-- Says that this id can never become a booking: ends its transfer and notes the id as gone. Its
-- seats go back to their hold where that lasts, and become available where not. No mark of a
-- booking or of another id is touched. Repeated, it changes nothing.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_changes  4 seat_transfers  5 seat_gone
--       6… seat_lock or table_lock of each item of the transfer, then seat_user of each user
-- ARGV  1 booking id  2 number of items  3… the items, then the users
-- Reply aborted <epoch> <seq>
--       declare <item or user:U>…   call again with these too; nothing was changed
--       not_loaded
-- Cost  O(items).

local event, holds, changes, transfers, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, declared = ARGV[1], tonumber(ARGV[2])

local state = redis.call('HMGET', event, '#epoch', '#seq', '#t:' .. id)
if not state[1] then return {'not_loaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local key_of, back, undeclared = {}, {}, {}
for i = 3, #ARGV do
  key_of[i - 2 <= declared and ARGV[i] or 'user:' .. ARGV[i]] = KEYS[i + 3]
end
local function need(name)
  if not key_of[name] then undeclared[#undeclared + 1] = name end
end
local standing = string.match(state[3] or '', '^[^:]*:[^:]*:%d+:(.*)$') or ''
for item in string.gmatch(standing, '[^,]+') do
  local mark = redis.call('HGET', event, item) or ''
  local of, until_ms, lock = string.match(mark, '^p:(%x+):?(%d*):?(.*)$')
  if of == id then
    back[#back + 1] = {item = item, until_ms = until_ms, lock = lock}
    if until_ms ~= '' and tonumber(until_ms) > now then
      need(item)
      need('user:' .. string.match(lock, '^[^:]+'))
    end
  end
end
if #undeclared > 0 then return {'declare', unpack(undeclared)} end

local states = {}
for _, one in ipairs(back) do
  local item, until_ms = one.item, one.until_ms
  local is_seat = not string.find(item, ':', 1, true)
  redis.call('HDEL', event, item)
  if until_ms ~= '' and tonumber(until_ms) > now then
    redis.call('SET', key_of[item], one.lock, 'PXAT', until_ms)
    if is_seat then
      local own = key_of['user:' .. string.match(one.lock, '^[^:]+')]
      redis.call('ZADD', holds, until_ms, item)
      redis.call('ZADD', own, until_ms, item)
      if redis.call('PEXPIREAT', own, until_ms, 'NX') == 0 then
        redis.call('PEXPIREAT', own, until_ms, 'GT')
      end
      -- As it was; but a snapshot may be between the page of the holds and that of the marks.
      states[#states + 1] = item .. ':h:' .. until_ms
    end
  elseif until_ms ~= '' and is_seat then
    states[#states + 1] = item .. ':a'
  end
end
if state[3] then
  redis.call('HDEL', event, '#t:' .. id)
  redis.call('ZREM', transfers, id)
  local of_user, count = string.match(state[3], '^[^:]*:([^:]*):'), 0
  for item in string.gmatch(standing, '[^,]+') do
    if not string.find(item, ':', 1, true) then count = count + 1 end
  end
  if of_user ~= '' and redis.call('HINCRBY', event, '#u:' .. of_user, -count) <= 0 then
    redis.call('HDEL', event, '#u:' .. of_user)
  end
end
redis.call('ZADD', gone, string.format('%.0f', now), id)
local old = redis.call('ZRANGEBYSCORE', gone, '-inf', string.format('%.0f', now - 86400000),
  'LIMIT', 0, 100)
if #old > 0 then redis.call('ZREM', gone, unpack(old)) end
local seq = state[2]
if #states > 0 then
  seq = string.format('%.0f', redis.call('HINCRBY', event, '#seq', 1))
  redis.call('XADD', changes, 'MAXLEN', '~', 4000, seq .. '-0', 'seats', table.concat(states, ','))
  redis.call('EXPIRE', changes, 3600)
  redis.pcall('PUBLISH', changes, seq)
end
return {'aborted', state[1], seq}
