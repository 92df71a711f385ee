"""What Redis does in one step for the budget. Its own clock counts, so the clocks of the workers do not matter.

A window is `slots` slots long; each slot of each budget has a counter that expires by itself. The slot under way and
the `slots` before it are added up, which covers any window that ends now.
"""

ASK = """
-- KEYS: prefix. ARGV: slot_ms, slots, birth last seen, number of holds, holds..., then for each budget: service, kind,
-- limit, cost, floor, milliseconds in which a slowed service is back at its full speed.
-- Returns {milliseconds to wait (0: granted, -1: Redis has lost its memory since), birth}
local prefix, slot_ms, slots, seen = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local born = redis.call('GET', prefix .. 'born')
if not born then
  born = string.format('%d', now)
  redis.call('SET', prefix .. 'born', born)
end
if seen ~= born then
  -- What was sent in the last window is forgotten: nothing is sent until that window has passed.
  local rest = tonumber(born) + slot_ms * (slots + 1) - now
  if seen ~= '' and rest > 0 then redis.call('SET', prefix .. 'quiet', '1', 'PX', rest) end
  return {-1, born}
end
local wait = math.max(0, redis.call('PTTL', prefix .. 'quiet'))
local at = 5
for _ = 1, tonumber(ARGV[4]) do
  wait = math.max(wait, redis.call('PTTL', prefix .. 'hold:' .. ARGV[at]))
  at = at + 1
end
local slot = math.floor(now / slot_ms)
local budgets = {}
while ARGV[at] do
  local service, cost, floor, back_ms = ARGV[at], tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local name = prefix .. 'spent:' .. service .. ':' .. ARGV[at + 1] .. ':'
  local slowed = redis.call('HMGET', prefix .. 'pace:' .. service, 'pace', 'at')
  local pace = 1
  if slowed[1] then pace = math.min(1, slowed[1] + (now - slowed[2]) / back_ms * (1 - floor)) end
  local limit = math.max(1, math.floor(tonumber(ARGV[at + 2]) * pace))
  local need, used, names = math.min(cost, limit), 0, {}
  for back = slots, 0, -1 do names[#names + 1] = name .. string.format('%d', slot - back) end
  local counts = redis.call('MGET', unpack(names))
  for i = 1, #counts do counts[i] = tonumber(counts[i] or 0); used = used + counts[i] end
  local i, free = 1, limit - used
  while free < need and i <= #counts do free = free + counts[i]; i = i + 1 end
  if i > 1 then wait = math.max(wait, (slot + i - 1) * slot_ms - now) end
  budgets[#budgets + 1] = {name, cost, limit}
  at = at + 6
end
if wait > 0 then return {wait, born} end
for _, budget in ipairs(budgets) do
  -- What is more than a whole window allows is charged to the windows that follow.
  local name, left, limit, into = budget[1], budget[2], budget[3], slot
  while left > 0 do
    local key = name .. string.format('%d', into)
    redis.call('INCRBY', key, math.min(left, limit))
    redis.call('PEXPIRE', key, (into - slot + slots + 2) * slot_ms)
    left, into = left - limit, into + slots + 1
  end
end
return {0, born}
"""

CHARGE = """
-- KEYS: prefix. ARGV: slot_ms, slots, milliseconds of quiet, then for each call that was made without asking: service,
-- kind, cost, milliseconds ago. Others may have made such calls too and not told yet: all wait until they have.
local prefix, slot_ms, slots, quiet = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if redis.call('SET', prefix .. 'back', '1', 'NX', 'PX', 2 * quiet) then
  if quiet > redis.call('PTTL', prefix .. 'quiet') then redis.call('SET', prefix .. 'quiet', '1', 'PX', quiet) end
end
for at = 4, #ARGV, 4 do
  local slot = math.floor((now - tonumber(ARGV[at + 3])) / slot_ms)
  local key = prefix .. 'spent:' .. ARGV[at] .. ':' .. ARGV[at + 1] .. ':' .. string.format('%d', slot)
  redis.call('INCRBY', key, ARGV[at + 2])
  redis.call('PEXPIRE', key, (slots + 2) * slot_ms)
end
"""

HOLD = """
-- KEYS: prefix. ARGV: name, milliseconds. Never shortens a hold.
local key, ms = KEYS[1] .. 'hold:' .. ARGV[1], tonumber(ARGV[2])
if ms > redis.call('PTTL', key) then redis.call('SET', key, '1', 'PX', ms) end
"""

SLOW = """
-- KEYS: prefix. ARGV: service, factor, floor, back_ms, milliseconds in which one slowing is enough.
local key, factor, floor = KEYS[1] .. 'pace:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local slowed = redis.call('HMGET', key, 'pace', 'at')
local pace = 1
if slowed[1] then
  if now - slowed[2] < tonumber(ARGV[5]) then return end
  pace = math.min(1, slowed[1] + (now - slowed[2]) / tonumber(ARGV[4]) * (1 - floor))
end
redis.call('HSET', key, 'pace', tostring(math.max(floor, pace * factor)), 'at', string.format('%d', now))
redis.call('PEXPIRE', key, tonumber(ARGV[4]))
"""

READ = """
-- KEYS: prefix. ARGV: slot_ms, slots, floor, back_ms, own client, then pairs of service and kind.
-- Returns for each pair: spent in the window, pace in percent, milliseconds of hold.
local prefix, slot_ms, slots = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local floor, back_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local slot, answer = math.floor(now / slot_ms), {}
for at = 6, #ARGV, 2 do
  local name = prefix .. 'spent:' .. ARGV[at] .. ':' .. ARGV[at + 1] .. ':'
  local used = 0
  for back = slots, 0, -1 do
    used = used + tonumber(redis.call('GET', name .. string.format('%d', slot - back)) or 0)
  end
  local slowed = redis.call('HMGET', prefix .. 'pace:' .. ARGV[at], 'pace', 'at')
  local pace = 1
  if slowed[1] then pace = math.min(1, slowed[1] + (now - slowed[2]) / back_ms * (1 - floor)) end
  local own = redis.call('PTTL', prefix .. 'hold:' .. ARGV[5] .. ':' .. ARGV[at])
  local all = redis.call('PTTL', prefix .. 'hold:*:' .. ARGV[at])
  answer[#answer + 1] = {used, math.floor(pace * 100), math.max(0, own, all)}
end
return answer
"""
