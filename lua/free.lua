-- Says that this id has given back its items: removes every mark of it, also those of a transfer,
-- and notes the id as gone. Marks of other ids stay. Repeated, it changes nothing.
--
-- KEYS  1 seat_event  2 seat_changes  3 seat_transfers  4 seat_gone
-- ARGV  1 booking id  2… the items that it has or had
-- Reply freed <epoch> <seq>
--       not_loaded
-- Cost  O(items).

local event, changes, transfers, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id = ARGV[1]

local state = redis.call('HMGET', event, '#epoch', '#seq', '#t:' .. id)
if not state[1] then return {'not_loaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local states = {}
local function free(item)
  local mark = redis.call('HGET', event, item) or ''
  if string.match(mark, '^[bxp]:(%x+)') == id then
    redis.call('HDEL', event, item)
    if not string.find(item, ':', 1, true) then states[#states + 1] = item .. ':a' end
  end
end
local standing = string.match(state[3] or '', '^[^:]*:[^:]*:%d+:(.*)$') or ''
for item in string.gmatch(standing, '[^,]+') do free(item) end
for i = 2, #ARGV do free(ARGV[i]) end
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
return {'freed', state[1], seq}
