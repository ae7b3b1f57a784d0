-- Takes locks, says who has them, or joins their queues.
--
-- KEYS[1]      the counter that fences and tickets are drawn from, shared by all locks (in a cluster: of one slot)
-- KEYS[2..]    the locks; on a red master its marker stands in front of them (see red_master.lua)
-- ARGV[1]      what the call is known by: "<its number>;<16 digits of the run id, or nothing>;<flags>"; flags: "c" in a
--              cluster, "cn" there without a counter: then KEYS are the locks alone; "r" on a red master, "k" on one that
--              keeps its data over a restart: then the last of ARGV is the longest lease (ms) that anybody may ask for
-- ARGV[2..]    four for each lock: id, lease, refuse after (ms since the epoch), where to wait
--                lease          "<ms>" to have it alone, "r<ms>" to read, "r<ms>;<id>" to read instead of that owner
--                where to wait  "<heartbeat ms>;<ticket of an earlier stay, or 0>;<how><short ms>;<channel>", or "" to
--                               try once
--
--              or, to move the counter on: id, fence, 0, "raise"
--
-- For each lock: settle; then the first that fits of
--   the id holds it            held, with the fence and the lease that is left: a repeated request changes nothing
--   the id waits for it        queued, at the same place, alive for another heartbeat
--   too late                   late: nothing is done, so that an undo that was answered stays true
--   reads instead of an owner  held, and readers at the head of the queue come in too; gone if that is not the owner
--                              any more: whoever had it in between may have written
--   free and nobody waits      held; free for a reader is also what others read
--   try once                   busy
--   else                       queued, at the earlier place if there was one
-- To move the counter on: held if the id owns it, and the counter is then at the fence or past it; else gone. It fails for a
-- fence that this server's clock can't have got to.
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
  return held(record, fence, lease)
end

-- Writes a reader, beside others or instead of the owner.
local function admit(key, record, id, lease, instead)
  local fence, err = draw(record.last)
  if not fence then return FAILED, err end
  local deadline = now_up + lease
  if record.reader then
    err = bury(key)
    if err then return FAILED, err end
  end
  err = write_reader(key, id, fence, deadline)
  if not err and deadline > math.max(record.deadline, record.reading, record.beat) then
    err = error_of(call('PEXPIREAT', key, deadline))
  end
  if not err and instead then err = error_of(call('ZREM', key, record.member)) end
  if err then
    if record.exists then
      call('ZREM', key, '1R' .. id, '1F' .. id)
    else
      -- The last fence as well: without an expiry it could stay for ever.
      call('DEL', key)
    end
    return FAILED, err
  end
  if instead then
    record.owner, record.last, record.told = nil, fence, fence
    count_reader(record, id, deadline)
    -- The hold stands whatever happens to those who wait: the next operation settles again.
    if record.beat > 0 then hand_over(key, record) end
  end
  return held(record, fence, lease)
end

local function enqueue(key, record, waiter, heartbeat, ticket)
  local floor, text = draw(record.last)
  if not floor then return FAILED, text end
  if ticket == '0' then ticket = text end
  local beat = now_up + tonumber(heartbeat)
  local strict = strict_until(record, waiter, beat)
  local members = { -FENCES - floor, '1L', -beat, '1B' .. waiter, ticket, '1Q' .. waiter }
  if strict then members[7], members[8] = -STRICT - strict, '1S' end
  local err = error_of(call('ZADD', key, unpack(members)))
  if err then return FAILED, err end
  if beat > math.max(record.deadline, record.reading, record.beat) then
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

-- Moves the counter to the fence of another server that the same owner holds, never back.
local function raise(key, record, id, fence)
  local err = settle(key, record)
  if err then return FAILED, err end
  if record.owner ~= id then return GONE end
  if not (fence <= highest) then return FAILED, 'ERR the fence is a day past the clock of this server' end
  local text = format('%016.0f', fence)
  local old = call('SET', KEYS[1], text, 'GET')
  local number
  number, err = counted(KEYS[1], old)
  if not number then return FAILED, err end
  if number > fence then
    err = error_of(call('SET', KEYS[1], old))
    if err then return FAILED, err end
  end
  -- What is drawn in this call from now on lies above it.
  if drawn and fence > drawn then
    drawn, reserved = fence, math.max(number, fence)
  end
  return held(record, record.fence, record.deadline - now_up)
end

local function acquire()
  if abstains then return FAILED, abstains end
  local key, from = KEYS[turn + shift], turn * 4 - 3
  local id, lease = ARGV[from + 1], tonumber(ARGV[from + 2])
  local shared, instead = not lease, nil
  if shared then
    lease, instead = string.match(ARGV[from + 2], '^r(%d+);?(.*)$')
    lease = tonumber(lease)
  end
  local record, err = read(key)
  if not record then return FAILED, err end
  if ARGV[from + 4] == 'raise' then return raise(key, record, id, lease) end
  local heartbeat, ticket, place = string.match(ARGV[from + 4], '^(%d+);(%d+);(.*)$')
  local mine = place and place .. ';' .. id
  err = settle(key, record, mine, lease)
  if err then return FAILED, err end
  if record.owner == id then return held(record, record.fence, record.deadline - now_up) end
  if shared then
    local deadline, fence = reader(key, record, id)
    if deadline then return held(record, fence, deadline - now_up) end
    if fence then return FAILED, fence end
  end
  if mine and record.beat > 0 then
    local had = call('ZSCORE', key, '1Q' .. mine)
    if error_of(had) then return FAILED, had.err end
    if had then return queued(key, record, mine, had, heartbeat) end
  end
  if now > tonumber(ARGV[from + 3]) then return LATE end
  if shared and instead ~= '' then
    if record.owner == instead then return admit(key, record, id, lease, true) end
    return GONE
  end
  if not record.owner and record.beat == 0 then
    if shared then return admit(key, record, id, lease) end
    if record.reading == 0 then return take(key, record, id, lease) end
  end
  if mine then return enqueue(key, record, mine, heartbeat, ticket) end
  return BUSY, holder(record)
end

return run(acquire, count)
