-- Takes locks, says who has them, or joins their queues.
--
-- KEYS[1]      the counter that fences and tickets are drawn from, shared by all locks (in a cluster: of one slot)
-- KEYS[2..]    the locks
-- ARGV[1]      what the call is known by: "<its number>;<16 digits of the run id, or nothing>;<flags>"; flags: "c" in a
--              cluster, "cn" there without a counter: then KEYS are the locks alone
-- ARGV[2..]    four for each lock: id, lease (ms), refuse after (ms since the epoch), where to wait:
--              "<heartbeat ms>;<ticket of an earlier stay, or 0>;<short ms>;<channel>", or "" to try once
--
-- For each lock: settle; then the first that fits of
--   the id owns it             held, with the fence and the lease that is left: a repeated request changes nothing
--   the id waits for it        queued, at the same place, alive for another heartbeat
--   too late                   late: nothing is done, so that an undo that was answered stays true
--   free and nobody waits      held
--   try once                   busy
--   else                       queued, at the earlier place if there was one
--
-- Reply: server time in ms, ARGV[1], then for each lock a code and the code's values.

-- Writes the owner into a record that has none and no queue.
local function take(key, record, id, lease)
  local fence, text = draw(record.last)
  if not fence then return FAILED, text end
  local deadline = now_up + lease
  local member = '1H' .. text .. ';' .. id
  local err = error_of(call('ZADD', key, -OWNERS - deadline, member))
  if err then return FAILED, err end
  err = error_of(call('PEXPIREAT', key, deadline))
  if err then
    -- Without an expiry it could stay for ever.
    call('ZREM', key, member)
    return FAILED, err
  end
  return HELD, fence, lease
end

local function enqueue(key, record, waiter, heartbeat, ticket)
  local floor, text = draw(record.last)
  if not floor then return FAILED, text end
  if ticket == '0' then ticket = text end
  local beat = now_up + tonumber(heartbeat)
  local err = error_of(call('ZADD', key, -FENCES - floor, '1L', -beat, '1B' .. waiter, ticket, '1Q' .. waiter))
  if err then return FAILED, err end
  if beat > math.max(record.deadline, record.beat) then
    err = error_of(call('PEXPIREAT', key, beat))
  end
  local ahead = 0
  if not err and record.beat > 0 then
    ahead = call('ZCOUNT', key, '(0', '(' .. ticket)
    err = error_of(ahead)
  end
  if err then
    call('ZREM', key, '1B' .. waiter, '1Q' .. waiter)
    return FAILED, err
  end
  return QUEUED, tonumber(ticket), floor, ahead, holder(record)
end

local function acquire()
  local key, from = KEYS[turn + shift], turn * 4 - 3
  local id, lease = ARGV[from + 1], tonumber(ARGV[from + 2])
  local record, err = read(key)
  if not record then return FAILED, err end
  local heartbeat, ticket, place = string.match(ARGV[from + 4], '^(%d+);(%d+);(.*)$')
  local mine = place and place .. ';' .. id
  err = settle(key, record, mine, lease)
  if err then return FAILED, err end
  if record.owner == id then return HELD, record.fence, record.deadline - now_up end
  if mine and record.beat > 0 then
    local had = call('ZSCORE', key, '1Q' .. mine)
    if error_of(had) then return FAILED, had.err end
    if had then return queued(key, record, mine, had, heartbeat) end
  end
  if now > tonumber(ARGV[from + 3]) then return LATE end
  if not record.owner and record.beat == 0 then return take(key, record, id, lease) end
  if mine then return enqueue(key, record, mine, heartbeat, ticket) end
  return BUSY, holder(record)
end

return run(acquire, count)
