-- What a user holds. The caller names the seats that it believes the user holds, so that their
-- keys are declared; when there are others, they are named and the caller asks again.
--
-- KEYS  1 seat_event  2 seat_user of the user  3… seat_lock of each seat
-- ARGV  1 user  2… the seats, in the order of their keys
-- Reply holds <epoch> <seq>, then for each: <seat> <table or empty> <held since (ms)> <until (ms)>
--       declare <seat>…   every seat of the user
--       not_loaded
-- Cost  O(seats of the user).

local event, own, user = KEYS[1], KEYS[2], ARGV[1]

local state = redis.call('HMGET', event, '#epoch', '#load', '#seq')
if not state[1] or state[2] then return {'not_loaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local key_of = {}
for i = 2, #ARGV do key_of[ARGV[i]] = KEYS[i + 1] end
local held =
  redis.call('ZRANGEBYSCORE', own, string.format('(%.0f', now), '+inf', 'WITHSCORES')
local reply, seats, undeclared = {'holds', state[1], state[3]}, {'declare'}, false
for i = 1, #held, 2 do
  local seat, until_ms = held[i], held[i + 1]
  seats[#seats + 1] = seat
  if not key_of[seat] then
    undeclared = true
  else
    local lock = redis.call('GET', key_of[seat]) or ''
    local owner, held_at, rest = string.match(lock, '^([^:]+):(%d+)(.*)$')
    if owner == user then
      reply[#reply + 1] = seat
      reply[#reply + 1] = string.sub(rest, 8)
      reply[#reply + 1] = held_at
      reply[#reply + 1] = until_ms
    end
  end
end
if undeclared then return seats end
return reply
