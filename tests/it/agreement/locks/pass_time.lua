-- Lets time pass for one event: moves every moment that is noted of it so far into the past. Only
-- how long the changes are kept stays as it was, which no port promises.
--
-- ARGV  1 event  2 how much time (ms)
-- Reply OK

local event, by = ARGV[1], tonumber(ARGV[2])

local function before(ms) return string.format('%.0f', tonumber(ms) - by) end
local function second(text, pattern)
  return (string.gsub(text, pattern, function(first, ms) return first .. before(ms) end))
end

for _, key in ipairs(redis.call('KEYS', '*{' .. event .. '}*')) do
  local name, ends = string.match(key, '^[^:]+'), redis.call('PEXPIRETIME', key)
  if name == 'seat_lock' or name == 'table_lock' then
    redis.call('SET', key, second(redis.call('GET', key), '^([^:]+:)(%d+)'), 'KEEPTTL')
  elseif name == 'seat_event' then
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
      local field, value = fields[i], fields[i + 1]
      if field == '#load' then
        value = before(value)
      elseif string.sub(field, 1, 3) == '#t:' then
        value = second(value, '^([^:]*:[^:]*:)(%d+)')
      elseif string.sub(value, 1, 2) == 'p:' then
        value = second(second(value, '^(p:%x+:)(%d+)'), '^(p:%x+:%d+:[^:]+:)(%d+)')
      end
      redis.call('HSET', key, field, value)
    end
  elseif name == 'seat_changes' then
    local entries = redis.call('XRANGE', key, '-', '+')
    redis.call('DEL', key)
    for _, entry in ipairs(entries) do
      redis.call('XADD', key, entry[1], 'seats', second(entry[2][2], '(:h:)(%d+)'))
    end
    redis.call('PEXPIREAT', key, ends)
  else
    local scores = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #scores, 2 do redis.call('ZADD', key, before(scores[i + 1]), scores[i]) end
  end
  if ends > 0 and name ~= 'seat_changes' then redis.call('PEXPIREAT', key, before(ends)) end
end
return redis.status_reply('OK')
