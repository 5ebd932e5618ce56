-- One page of the seats that are not available. The holds come before the marks: a hold that
-- becomes a mark between two pages is seen at least once, and one that a transfer gives back is
-- in the changes after the first page's version, like everything else that happens meanwhile.
--
-- KEYS  1 seat_event  2 seat_holds
-- ARGV  1 empty for the first page, else the last page's cursor
-- Reply page <epoch> <seq> <cursor, empty after the last> <seat>:<b|x|h:until (ms)>…
--       not_loaded
-- Cost  about 5,000 entries a page, 2 ms.

local event, holds, cursor = KEYS[1], KEYS[2], ARGV[1]
local PAGE = 2500

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local state = redis.call('HMGET', event, '#run', '#epoch', '#load', '#seq')
if state[1] ~= run then redis.call('HDEL', event, '#epoch', '#load') end
if state[1] ~= run or not state[2] or state[3] then return {'not_loaded'} end

local reply = {'page', state[2], state[4], ''}
local where, at = string.match(cursor, '^([hm])(%d+)$')
if where ~= 'm' then
  local page = redis.call('ZSCAN', holds, at or 0, 'COUNT', PAGE)
  for i = 1, #page[2], 2 do
    reply[#reply + 1] = page[2][i] .. ':h:' .. page[2][i + 1]
  end
  if page[1] ~= '0' then
    reply[4] = 'h' .. page[1]
    return reply
  end
  at = 0
end
local page = redis.call('HSCAN', event, at, 'COUNT', PAGE)
for i = 1, #page[2], 2 do
  local seat, mark = page[2][i], page[2][i + 1]
  if not string.find(seat, '^#') and not string.find(seat, ':', 1, true) then
    local kind, until_ms = string.match(mark, '^(%a):%x+:?(%d*)')
    if kind ~= 'p' then
      reply[#reply + 1] = seat .. ':' .. kind
    elseif until_ms ~= '' then
      reply[#reply + 1] = seat .. ':h:' .. until_ms
    end
  end
end
if page[1] ~= '0' then reply[4] = 'm' .. page[1] end
return reply
