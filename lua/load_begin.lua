-- Starts to load an event into an epoch of its own. An event that is loaded, by this run of the
-- server, stays as it is. Holds, transfers and gone ids are kept.
--
-- KEYS  1 seat_event  2 seat_changes
-- ARGV  1 random number, 0 to 999999  2 lease: how long the loader may be silent (ms)
-- Reply begun <epoch>
--       ready   it is loaded
--       busy    somebody else loads it
-- Cost  O(1), 16 µs of it to ask for the run id; the old stream is freed in the background.

local event, changes = KEYS[1], KEYS[2]

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local state = redis.call('HMGET', event, '#run', '#epoch', '#load', '#last')
local same_run = state[1] == run
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if same_run and state[2] then
  if not state[3] then return {'ready'} end
  if tonumber(state[3]) > now then return {'busy'} end
end
local random, last = tonumber(ARGV[1]), tonumber(state[4] or 0)
local epoch = now * 1000 + math.floor(random / 1000)
-- The clock was set back, or is another server's.
if epoch <= last then epoch = last + 1 + random end
epoch = string.format('%.0f', epoch)
redis.call('HSET', event, '#epoch', epoch, '#last', epoch, '#run', run, '#seq', 0,
  '#load', string.format('%.0f', now + tonumber(ARGV[2])), '#lease', ARGV[2], '#drop', 0)
redis.call('UNLINK', changes)
return {'begun', epoch}
