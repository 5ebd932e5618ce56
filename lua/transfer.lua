-- The epoch, and the transfer of an id if it stands.
--
-- KEYS  1 seat_event
-- ARGV  1 booking id
-- Reply none <epoch>
--       standing <epoch> <fingerprint or empty> <user or empty> <begun (ms)> <item>…
--       not_loaded
-- Cost  O(items).

local state = redis.call('HMGET', KEYS[1], '#epoch', '#t:' .. ARGV[1])
if not state[1] then return {'not_loaded'} end
if not state[2] then return {'none', state[1]} end
local fingerprint, user, begun, items =
  string.match(state[2], '^([^:]*):([^:]*):(%d+):(.*)$')
local reply = {'standing', state[1], fingerprint, user, begun}
for item in string.gmatch(items, '[^,]+') do reply[#reply + 1] = item end
return reply
