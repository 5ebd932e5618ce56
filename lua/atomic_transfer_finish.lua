-- Says that the repository has this id with these items: marks them, whoever held them, and ends
-- the transfer; what else was in it goes back to its hold where that lasts. Repeated, it changes
-- nothing. Of a gone id it marks nothing.
--
-- KEYS  1 seat_event  2 seat_holds  3 seat_changes  4 seat_transfers  5 seat_gone
--       6… seat_lock or table_lock of each item, then seat_user of each user
-- ARGV  1 booking id  2 epoch  3 b for booked, x for blocked  4 number of items to be marked
--       5 number of items  6… the items, those to be marked first, then the users
-- Reply finished <epoch> <seq>
--       other_epoch   the epoch is another one by now; nothing was changed
--       gone          the id is cancelled or abandoned
--       declare <item or user:U>…   call again with these too; nothing was changed
--       not_loaded
-- Cost  O(items).

local event, holds, changes, transfers, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, epoch, kind = ARGV[1], ARGV[2], ARGV[3]
local marked, declared = tonumber(ARGV[4]), tonumber(ARGV[5])

local state = redis.call('HMGET', event, '#epoch', '#seq', '#t:' .. id)
if not state[1] then return {'not_loaded'} end
if state[1] ~= epoch then return {'other_epoch'} end
local is_gone = redis.call('ZSCORE', gone, id)
if is_gone then marked = 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local key_of, items, undeclared = {}, {}, {}
for i = 6, #ARGV do
  local name = i - 5 <= declared and ARGV[i] or 'user:' .. ARGV[i]
  key_of[name] = KEYS[i]
  if i - 5 <= marked then items[#items + 1] = name end
end
local function need(name)
  if not key_of[name] then undeclared[#undeclared + 1] = name end
end

-- Who loses a hold, and what goes back to one.
local losers, back, mine = {}, {}, {}
local marks = #items > 0 and redis.call('HMGET', event, unpack(items))
for i, item in ipairs(items) do
  mine[item] = marks[i] or ''
  if mine[item] == '' then
    losers[item] = string.match(redis.call('GET', key_of[item]) or '', '^[^:]+')
    if losers[item] then need('user:' .. losers[item]) end
  end
end
local standing = string.match(state[3] or '', '^[^:]*:[^:]*:%d+:(.*)$') or ''
for item in string.gmatch(standing, '[^,]+') do
  local mark = not mine[item] and redis.call('HGET', event, item) or ''
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
local function is_seat(item) return not string.find(item, ':', 1, true) end
local fields = {}
for _, item in ipairs(items) do
  fields[#fields + 1] = item
  fields[#fields + 1] = kind .. ':' .. id .. ':' .. epoch
  if mine[item] == '' then
    redis.call('DEL', key_of[item])
    redis.call('ZREM', holds, item)
    if losers[item] then redis.call('ZREM', key_of['user:' .. losers[item]], item) end
  end
  if is_seat(item) and string.sub(mine[item], 1, 1) ~= kind then
    states[#states + 1] = item .. ':' .. kind
  end
end
if #fields > 0 then redis.call('HSET', event, unpack(fields)) end
for _, one in ipairs(back) do
  local item, until_ms = one.item, one.until_ms
  redis.call('HDEL', event, item)
  if until_ms ~= '' and tonumber(until_ms) > now then
    redis.call('SET', key_of[item], one.lock, 'PXAT', until_ms)
    if is_seat(item) then
      local own = key_of['user:' .. string.match(one.lock, '^[^:]+')]
      redis.call('ZADD', holds, until_ms, item)
      redis.call('ZADD', own, until_ms, item)
      if redis.call('PEXPIREAT', own, until_ms, 'NX') == 0 then
        redis.call('PEXPIREAT', own, until_ms, 'GT')
      end
      -- As it was; but a snapshot may be between the page of the holds and that of the marks.
      states[#states + 1] = item .. ':h:' .. until_ms
    end
  elseif until_ms ~= '' and is_seat(item) then
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
local seq = state[2]
if #states > 0 then
  seq = string.format('%.0f', redis.call('HINCRBY', event, '#seq', 1))
  redis.call('XADD', changes, 'MAXLEN', '~', 4000, seq .. '-0', 'seats', table.concat(states, ','))
  redis.call('EXPIRE', changes, 3600)
  redis.pcall('PUBLISH', changes, seq)
end
if is_gone then return {'gone'} end
return {'finished', epoch, seq}
