-- Renews, refreshes, keeps and forgets. Never creates, and declares no key but the locks.
--
-- KEYS        the locks
-- ARGV[1]     what the call is known by; see acquire.lua
-- ARGV[2..]   three for each lock: operation, id, details:
--               renew    "<lease ms>"
--               refresh  "<lease ms>;<ms that it waits yet>;<how><short ms>;<channel>"
--               keep     "<ms>"
--               forget   "<how><short ms>;<channel>", or "" if it never waited
--
--   renew    the owner's or the reader's deadline is moved to now + lease unless it is later; who is neither is gone
--   refresh  a waiter stays alive for another heartbeat; an owner or a reader claims its grant: as renew; else gone.
--            A waiter who finds the lock free for him gets it without a message, in his turn
--   keep     the hold stays taken for so long from now on, under an id that nobody asks for; who has none leaves as by forget
--   forget   out of the queue, or out of the readers, or freed and handed over
--
-- Renew and refresh settle first. Forget removes the id and then settles, or it could grant the lock to who leaves.
--
-- Reply: server time in ms, ARGV[1], then for each lock a code and the code's values.

local function renew(key, record, id, lease)
  if record.owner ~= id then return extend_reader(key, record, id, lease) end
  local err = extend(key, record, lease)
  if err then return FAILED, err end
  return held(record, record.fence, record.deadline - now_up)
end

local function refresh(key, record, id, lease, mine, wait)
  if record.beat > 0 and record.owner ~= id then
    local ticket = call('ZSCORE', key, '1Q' .. mine)
    if error_of(ticket) then return FAILED, ticket.err end
    if ticket then return queued(key, record, mine, ticket, wait) end
  end
  return renew(key, record, id, lease)
end

-- Removes who is not the owner: as a reader, and from the queue. Returns whether it was a living reader, and an error or
-- nil.
local function leave(key, record, id, entry)
  local members, read = {}, false
  if record.reader then
    members = { '1R' .. id, '1F' .. id }
    if record.reader == id then
      read = now < record.reading
      record.reader, record.reading = record.other, record.other_reading or 0
      -- Nobody else: settling deletes the key.
      if not record.reader and record.beat == 0 then return read, nil end
    else
      local score = call('ZSCORE', key, members[1])
      if error_of(score) then return false, score.err end
      if score then
        read = now < -score - READERS
      else
        members = {}
      end
    end
  end
  local reads = members[1]
  if entry ~= '' and record.beat > 0 then
    members[#members + 1] = '1B' .. entry .. ';' .. id
    members[#members + 1] = '1Q' .. entry .. ';' .. id
  end
  -- If that was the last one, settling finds the queue empty.
  local err = members[1] and error_of(call('ZREM', key, unpack(members)))
  if not err and reads and now < record.reading then err = bury(key) end
  return read, err
end

local function forget(key, record, id, entry)
  local owned = record.owner == id
  local was_owner = owned and now < record.deadline
  local err
  if not owned then was_owner, err = leave(key, record, id, entry) end
  err = err or settle(key, record, nil, nil, owned)
  if err then return FAILED, err end
  return FORGOTTEN, was_owner and 1 or 0
end

-- Ends a hold that is not to be free yet. Under its own id a late copy of a renewal could prolong what is left. The expiry
-- goes first, since that passes when memory is full.
local function keep(key, record, id, time)
  local deadline = now_up + time
  local kept = string.reverse(sub(id, 1, 32)) .. sub(id, 33)
  local err
  if record.owner == id and now < record.deadline then
    err = error_of(call('PEXPIREAT', key, math.max(deadline, record.wanted)))
      or error_of(call('ZADD', key, -OWNERS - deadline, sub(record.member, 1, 19) .. kept))
      or error_of(call('ZREM', key, record.member))
  else
    local living, fence = reader(key, record, id)
    if not living then
      if fence then return FAILED, fence end
      return forget(key, record, id, '')
    end
    err = error_of(call('PEXPIREAT', key, math.max(deadline, record.reading, record.wanted)))
      or error_of(call('ZADD', key, -READERS - deadline, '1R' .. kept, FENCES + fence, '1F' .. kept))
      or error_of(call('ZREM', key, '1R' .. id, '1F' .. id))
  end
  if err then return FAILED, err end
  return FORGOTTEN, 1
end

local function hold()
  local key, from = KEYS[turn], turn * 3 - 2
  local operation, id, details = ARGV[from + 1], ARGV[from + 2], ARGV[from + 3]
  local record, err = read(key)
  if not record then return FAILED, err end
  if operation == 'forget' then return forget(key, record, id, details) end
  if operation == 'keep' then return keep(key, record, id, tonumber(details)) end
  local lease, wait, entry = details, nil, nil
  if operation == 'refresh' then
    lease, wait, entry = string.match(details, '^(%d+);(%d+);(.*)$')
    wait = tonumber(wait)
  end
  local mine = entry and entry .. ';' .. id
  lease = tonumber(lease)
  err = settle(key, record, mine, lease)
  if err then return FAILED, err end
  if mine then return refresh(key, record, id, lease, mine, wait) end
  return renew(key, record, id, lease)
end

return run(hold, count)
