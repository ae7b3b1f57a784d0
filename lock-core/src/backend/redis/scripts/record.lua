-- The record of one lock, and what every operation does with it first.
--
-- A record is one sorted set. Its members, each with the format's version "1" in front, by rising score:
--
--   1L                                score -(2^52) - fence     last fence granted or told; present where anybody waits
--   1H<fence, 16 digits>;<id>         score -(2^51) - deadline  the owner
--   1B<short ms>;<channel>;<id>       score -deadline           a waiter's heartbeat
--   1Q<short ms>;<channel>;<id>       score ticket              the same waiter's place
--
-- Deadlines are ms, fences and tickets µs since the epoch, all below 2^52, so each score is an exact double and the
-- classes cannot meet. The first three members therefore tell everything that most operations need: last fence, owner,
-- and the latest heartbeat (0 < latest heartbeat exactly if anybody waits).

-- How many heads of a queue one operation tries, and how many dead waiters each try may drop beside its head.
local TRIES, PURGE = 16, 255

-- The error in what pcall returned, or nil.
local function error_of(got)
  return type(got) == 'table' and got.err or nil
end

-- The record out of its first members, or nil and an error. A key of another type, or a sorted set whose first members
-- are not ours, is somebody else's data. Comes first in every operation: `seen` is of the one that is next.
local function read(key)
  local got = seen or call('ZRANGE', key, '0', '2', 'WITHSCORES')
  seen = nil
  if got.err then return nil, got.err end
  local record = { exists = got[1] ~= nil, told = 0, last = 0, deadline = 0, beat = 0 }
  local rank = 1
  if got[rank] == '1L' then
    record.told = -tonumber(got[rank + 1]) - FENCES
    record.last = record.told
    rank = 3
  end
  local member = got[rank]
  if member and sub(member, 1, 2) == '1H' then
    record.member = member
    record.owner = sub(member, 20)
    record.fence = tonumber(sub(member, 3, 18))
    record.deadline = -tonumber(got[rank + 1]) - OWNERS
    if not record.fence or record.deadline < 0 then return nil, 'FOREIGN' end
    if record.fence > record.last then record.last = record.fence end
    rank = rank + 2
    member = got[rank]
  end
  if member then
    if got[1] == '1L' and sub(member, 1, 2) == '1B' then
      record.beat = -tonumber(got[rank + 1])
    else
      return nil, 'FOREIGN'
    end
  end
  if record.told < 0 then return nil, 'FOREIGN' end
  return record
end

-- Drops the dead head of a queue and, with the same two commands, others as dead as it; never the waiter who is
-- asking (`mine`). Returns an error or nil.
local function purge(key, waiter, mine)
  local dead = call('ZRANGEBYSCORE', key, -now, '(0', 'LIMIT', 0, PURGE)
  if dead.err then return dead.err end
  local members = { '1B' .. waiter, '1Q' .. waiter }
  for _, member in ipairs(dead) do
    local other = sub(member, 3)
    if other ~= waiter and other ~= mine then
      members[#members + 1] = member
      members[#members + 1] = '1Q' .. other
    end
  end
  return error_of(call('ZREM', key, unpack(members)))
end

-- Grants a free lock to the first waiter who is alive and can be told. `gone`: the member of an owner who is to be
-- removed, or nil. `mine`, `lease`: the waiter who is asking and the lease it asks for; it needs no message and no
-- heartbeat, its request is both. Returns an error or nil.
local function hand_over(key, record, gone, mine, lease)
  -- The key lives at least this long already.
  local alive = math.max(record.deadline, record.beat)
  record.owner, record.deadline = nil, 0
  local skipped = 0
  for _ = 1, TRIES do
    local head = call('ZRANGEBYSCORE', key, '(0', '+inf', 'WITHSCORES', 'LIMIT', skipped, '1')
    if head.err then return head.err end
    if not head[1] then
      if skipped == 0 then
        record.beat, record.exists = 0, false
        return error_of(call('DEL', key))
      end
      break
    end
    local waiter = sub(head[1], 3)
    local beat = call('ZSCORE', key, '1B' .. waiter)
    if error_of(beat) then return beat.err end
    if waiter ~= mine and (not beat or now >= -beat) then
      local err = purge(key, waiter, mine)
      if err then return err end
    else
      local short, channel, id = string.match(waiter, '^(%d+);([^;]*);(.*)$')
      if not id then return 'FOREIGN' end
      local fence = math.max(record.last + 1, now_us)
      local left = tonumber(waiter == mine and lease or short)
      local member = '1H' .. format('%016.0f', fence) .. ';' .. id
      -- The deletion comes first: a script that has written is not stopped when memory is full.
      local err = error_of(call('ZREM', key, gone or head[1], '1B' .. waiter, '1Q' .. waiter))
        or error_of(call('ZADD', key, -OWNERS - now_up - left, member))
      if not err and now_up + left > alive then
        err = error_of(call('PEXPIREAT', key, now_up + left))
      end
      if err then
        -- Nobody was told. The waiter learns by its next refresh that it has to enqueue again.
        call('ZREM', key, member)
        return err
      end
      gone, record.last = nil, fence
      local told = waiter == mine
      if not told then
        local life, flags = string.match(ARGV[1], '^%d+;(%x*);(%a*)$')
        local message = sub(id, 1, 32) .. ' ' .. format('%.0f', fence) .. ' ' .. short .. ' ' .. life
        -- Only the integer 0 says that nobody heard it. An error (publishing may be forbidden) says nothing. It is not
        -- replicated: a replica that was the master until now would tell its subscribers of a grant that is taken back.
        pcall(redis.set_repl, redis.REPL_NONE)
        -- In a cluster the number counts the subscribers of this node only.
        told = call('PUBLISH', channel, message) ~= 0 or flags ~= ''
        pcall(redis.set_repl, redis.REPL_ALL)
      end
      if told then
        record.member, record.owner, record.fence, record.deadline = member, id, fence, now_up + left
        return nil
      end
      -- It keeps its place, and the fence that nobody heard of is used up.
      record.told = fence
      err = error_of(call('ZREM', key, member))
        or error_of(call('ZADD', key, -FENCES - fence, '1L', beat, '1B' .. waiter, head[2], head[1]))
      if err then return err end
      skipped = skipped + 1
    end
  end
  -- Somebody waits and nobody could be told: the lock stays free, and the next refresh settles it.
  if gone then
    local err = error_of(call('ZREM', key, gone))
    if err then return err end
  end
  if record.last > record.told then
    record.told = record.last
    return error_of(call('ZADD', key, -FENCES - record.last, '1L'))
  end
end

-- Brings a lock to where the clock says it is: an owner past its deadline is gone (so is one who is `leaving`), and the
-- head of the queue has a lock that is free. Returns an error or nil.
local function settle(key, record, mine, lease, leaving)
  local gone
  if record.owner then
    if not leaving and now < record.deadline then return nil end
    gone = record.member
  end
  if record.beat > 0 then return hand_over(key, record, gone, mine, lease) end
  if record.exists then
    record.owner, record.deadline, record.exists = nil, 0, false
    return error_of(call('DEL', key))
  end
end

-- Moves the owner's deadline on, never back: a delayed copy of a claim with its short lease must not cut off a renewal
-- that the owner counts on. The key's expiry goes first, since that passes when memory is full, and is never taken
-- back: if the second write failed, the lease that was promised earlier would still stand.
local function extend(key, record, lease)
  local deadline = now_up + lease
  if deadline <= record.deadline then return nil end
  local err = error_of(call('PEXPIREAT', key, math.max(deadline, record.beat)))
    or error_of(call('ZADD', key, 'XX', -OWNERS - deadline, record.member))
  if err then return err end
  record.deadline = deadline
end

-- Who has it, for those who have not: the lease left and the owner's record.
local function holder(record)
  if not record.owner then return 0, '' end
  return record.deadline - now, sub(record.owner, 34)
end

-- Keeps a waiter alive and tells it where it stands. The floor that it is told is written down, so that whatever the
-- clock does, a later grant lies above it. `ticket` is text.
local function queued(key, record, waiter, ticket, heartbeat)
  local floor = math.max(record.last, now_us)
  local beat = now_up + tonumber(heartbeat)
  local err = error_of(call('PEXPIREAT', key, math.max(beat, record.beat, record.deadline)))
    or error_of(call('ZADD', key, 'XX', -FENCES - floor, '1L', -beat, '1B' .. waiter))
  if err then return FAILED, err end
  local ahead = call('ZCOUNT', key, '(0', '(' .. ticket)
  if error_of(ahead) then return FAILED, ahead.err end
  return QUEUED, tonumber(ticket), floor, ahead, holder(record)
end

-- Runs the operations that are left, each on its own: whatever happens in one, it fails alone. Without a clock all fail.
local function run(operation, count)
  while turn <= count do
    local said = clock.err and { true, FAILED, clock.err } or { pcall(operation) }
    if not said[1] then said = { false, FAILED, tostring(said[2]) } end
    for value = 2, #said do
      reply[at + value - 1] = said[value]
    end
    at, turn = at + #said - 1, turn + 1
  end
  reply[at + 1] = nil
  return reply
end

