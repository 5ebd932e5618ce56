-- One page of what is booked and blocked, by which ids. A page may repeat an item.
--
-- KEYS  1 seat_event
-- ARGV  1 empty for the first page, else the last page's cursor
-- Reply marks <cursor, empty after the last>, then for each: <item> <b|x> <booking id>
--       not_loaded
-- Cost  about 5,000 fields a page, 2 ms.

local event = KEYS[1]

local state = redis.call('HMGET', event, '#epoch', '#load')
if not state[1] or state[2] then return {'not_loaded'} end
local page = redis.call('HSCAN', event, string.match(ARGV[1], '^%d+$') or 0, 'COUNT', 5000)
local reply = {'marks', page[1] ~= '0' and page[1] or ''}
for i = 1, #page[2], 2 do
  local kind, id = string.match(page[2][i + 1], '^([bx]):(%x+):%d+$')
  if kind and string.sub(page[2][i], 1, 1) ~= '#' then
    reply[#reply + 1] = page[2][i]
    reply[#reply + 1] = kind
    reply[#reply + 1] = id
  end
end
return reply
