-- Renews, refreshes and forgets. Never creates, and declares no key but the locks.
--
-- KEYS     the locks
-- ARGV     six for each lock: sequence number, operation, id; entry: "<short ms>;<channel>" or "", lease (ms),
--          heartbeat (ms)
--
--   renew    the owner's deadline is moved to now + lease unless it is later; who is not the owner is gone
--   refresh  a waiter stays alive for another heartbeat; an owner claims its grant: as renew; who is neither is gone.
--            A waiter who finds the lock free gets it without a message, in his turn
--   forget   out of the queue, or freed and handed over
--
-- Renew and refresh settle first. Forget removes the id and then settles, or it could grant the lock to who leaves.
--
-- Reply: server time in ms, then one list for each lock: sequence number, code, values.

-- What runs an operation that is more than a release nobody waits for.
local function general()
  local read, settle, extend, queued = protocol()

  local function renew(key, record, id, lease, seq)
    if record.owner ~= id then return { seq, GONE } end
    local err = extend(key, record, lease)
    if err then return { seq, FAILED, err } end
    return { seq, HELD, record.fence, record.deadline - now_up }
  end

  local function refresh(key, record, id, lease, mine, heartbeat, seq)
    if record.beat > 0 and record.owner ~= id then
      local ticket = call('ZSCORE', key, '1Q' .. mine)
      if error_of(ticket) then return { seq, FAILED, ticket.err } end
      if ticket then return queued(key, record, mine, ticket, heartbeat, seq) end
    end
    return renew(key, record, id, lease, seq)
  end

  local function forget(key, record, id, entry, seq)
    local owned = record.owner == id
    local was_owner = owned and now < record.deadline
    local err
    if not owned and entry ~= '' and record.beat > 0 then
      local waiter = entry .. ';' .. id
      -- If that was the last one, settling finds the queue empty.
      err = error_of(call('ZREM', key, '1B' .. waiter, '1Q' .. waiter))
    end
    err = err or settle(key, record, nil, nil, owned)
    if err then return { seq, FAILED, err } end
    return { seq, FORGOTTEN, was_owner and 1 or 0 }
  end

  return function(key, got, seq, at)
    local operation, id, entry = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
    local record, err = read(got)
    if not record then return { seq, FAILED, err } end
    if operation == 'forget' then return forget(key, record, id, entry, seq) end
    local lease = tonumber(ARGV[at + 5])
    local mine = operation == 'refresh' and entry .. ';' .. id or nil
    err = settle(key, record, mine, lease)
    if err then return { seq, FAILED, err } end
    if mine then return refresh(key, record, id, lease, mine, ARGV[at + 6], seq) end
    return renew(key, record, id, lease, seq)
  end
end

if clock.err then return no_clock(#KEYS, 6) end
local operation
local replies = { now }
for i = 1, #KEYS do
  local key, at = KEYS[i], (i - 1) * 6
  local seq, id = ARGV[at + 1], ARGV[at + 3]
  local got = call('ZRANGE', key, '0', '2', 'WITHSCORES')
  local first = got[1]
  if
    ARGV[at + 2] == 'forget' and first and not got[3]
    and sub(first, 1, 2) == '1H' and sub(first, 19) == ';' .. id
  then
    -- The id's hold is all there is.
    local err = error_of(call('DEL', key))
    local owned = now < -tonumber(got[2]) - OWNERS
    replies[i + 1] = err and { seq, FAILED, err } or { seq, FORGOTTEN, owned and 1 or 0 }
  else
    operation = operation or general()
    replies[i + 1] = guarded(operation, key, got, seq, at)
  end
end
return replies
