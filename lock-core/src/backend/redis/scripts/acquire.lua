-- Takes locks, says who has them, or joins their queues.
--
-- KEYS[1]      the counter that fences and tickets are drawn from, shared by all locks
-- KEYS[2..]    the locks
-- ARGV         seven for each lock: sequence number, id, lease (ms), refuse after (ms since the epoch);
--              where to wait: "<short ms>;<channel>" or "" to try once, heartbeat (ms), ticket of an earlier stay or "0"
--
-- For each lock: settle; then the first that fits of
--   the id owns it             held, with the fence and the lease that is left: a repeated request changes nothing
--   the id waits for it        queued, at the same place, alive for another heartbeat
--   too late                   late: nothing is done, so that an undo that was answered stays true
--   free and nobody waits      held
--   try once                   busy
--   else                       queued, at the earlier place if there was one
--
-- Reply: server time in ms, then one list for each lock: sequence number, code, values.

-- The last number drawn, and the number up to which the counter has been moved on the server.
local drawn, reserved

-- The next fence or ticket: above every earlier one, and above what a server that lost its data could have issued. The
-- counter moves before the record is written that bears the number, once per call for all operations that are left:
-- at most one for each, so it does not outrun the clock. Returns nil and an error if it cannot be written; as the first
-- write of an acquisition it is what a full memory stops.
local function draw(last, rest)
  local counter = KEYS[1]
  if not drawn then
    local top = now_us + rest
    local old = call('SET', counter, format('%.0f', top), 'GET')
    if error_of(old) then return nil, old.err end
    local number = tonumber(old or '0')
    if not (number and number >= 0 and number < FENCES) then
      call('SET', counter, old)
      return nil, 'FOREIGN'
    end
    drawn, reserved = number, top
  end
  local next = math.max(drawn + 1, last + 1, now_us)
  if next + rest > reserved then
    -- Only when counter or record are ahead of the clock.
    local err = error_of(call('SET', counter, format('%.0f', next + rest)))
    if err then return nil, err end
    reserved = next + rest
  end
  drawn = next
  return next
end

-- Writes the owner into a record that has none and no queue; `last` is the last fence known of it.
local function take(key, last, id, lease, rest, seq)
  local fence, err = draw(last, rest)
  if not fence then return { seq, FAILED, err } end
  local deadline = now_up + lease
  local member = '1H' .. format('%016.0f', fence) .. ';' .. id
  err = error_of(call('ZADD', key, -OWNERS - deadline, member))
  if err then return { seq, FAILED, err } end
  err = error_of(call('PEXPIREAT', key, deadline))
  if err then
    -- Without an expiry it could stay for ever.
    call('ZREM', key, member)
    return { seq, FAILED, err }
  end
  return { seq, HELD, fence, lease }
end

-- What runs an operation on a lock that somebody holds or waits for.
local function general()
  local read, settle, _, queued, holder = protocol()

  local function enqueue(key, record, waiter, heartbeat, ticket, rest, seq)
    local floor, err = draw(record.last, rest)
    if not floor then return { seq, FAILED, err } end
    if ticket == '0' then ticket = format('%.0f', floor) end
    local beat = now_up + tonumber(heartbeat)
    err = error_of(call('ZADD', key, -FENCES - floor, '1L', -beat, '1B' .. waiter, ticket, '1Q' .. waiter))
    if err then return { seq, FAILED, err } end
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
      return { seq, FAILED, err }
    end
    local left, name = holder(record)
    return { seq, QUEUED, tonumber(ticket), floor, ahead, left, name }
  end

  return function(key, got, seq, at)
    local id, lease, place = ARGV[at + 2], tonumber(ARGV[at + 3]), ARGV[at + 5]
    local rest = #KEYS - 2 - (at / 7)
    local mine = place ~= '' and place .. ';' .. id or nil
    local record, err = read(got)
    if record then err = settle(key, record, mine, lease) end
    if err then return { seq, FAILED, err } end
    if record.owner == id then return { seq, HELD, record.fence, record.deadline - now_up } end
    if mine and record.beat > 0 then
      local ticket = call('ZSCORE', key, '1Q' .. mine)
      if error_of(ticket) then return { seq, FAILED, ticket.err } end
      if ticket then return queued(key, record, mine, ticket, ARGV[at + 6], seq) end
    end
    if now > tonumber(ARGV[at + 4]) then return { seq, LATE } end
    if not record.owner and record.beat == 0 then return take(key, record.last, id, lease, rest, seq) end
    if mine then return enqueue(key, record, mine, ARGV[at + 6], ARGV[at + 7], rest, seq) end
    return { seq, BUSY, holder(record) }
  end
end

local count = #KEYS - 1
if clock.err then return no_clock(count, 7) end
local operation
local replies = { now }
for i = 1, count do
  local key, at = KEYS[i + 1], (i - 1) * 7
  local got = call('ZRANGE', key, '0', '2', 'WITHSCORES')
  if got[1] == nil and not got.err and now <= tonumber(ARGV[at + 4]) then
    -- No key: nothing to settle.
    replies[i + 1] = take(key, 0, ARGV[at + 2], tonumber(ARGV[at + 3]), count - i, ARGV[at + 1])
  else
    operation = operation or general()
    replies[i + 1] = guarded(operation, key, got, ARGV[at + 1], at)
  end
end
return replies
