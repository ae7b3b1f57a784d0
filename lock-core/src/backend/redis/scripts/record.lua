-- The record of one lock, and what every operation does with it first.
--
-- A record is one sorted set. Its members, each with the format's version "1" in front, by rising score:
--
--   1L                                score -(2^52) - fence            last fence granted or told; present where anybody
--                                                                      waits or reads
--   1H<fence, 16 digits>;<id>         score -(2^51) - deadline         the owner
--   1S                                score -(2^50 + 2^49) - deadline  until when a strict waiter may be waiting
--   1R<id>                            score -(2^50) - deadline         a reader; none beside an owner
--   1B<how><short ms>;<channel>;<id>  score -deadline                  a waiter's heartbeat
--   1Q<how><short ms>;<channel>;<id>  score ticket                     the same waiter's place
--   1F<id>                            score 2^52 + fence               a reader's fence
--
-- <how> a waiter waits: "x" for the lock alone; "f" the same, and strict (first come, first served); "r" to read, always
-- strict.
--
-- Deadlines are ms, fences and tickets µs since the epoch, all below 2^52 (deadlines below 2^43), so each score is an
-- exact double and the classes cannot meet. The first four members therefore tell what most operations need: last fence,
-- strict waiters, the owner and the latest heartbeat, or the two readers with the latest deadlines. (0 < latest heartbeat
-- exactly if anybody waits.)

-- How many heads of a queue one operation tries in vain, how many dead waiters each of those tries may drop beside its
-- head, how many readers one operation lets in from the queue, and how many dead ones it removes while others live.
local TRIES, PURGE, ADMITTED, BURY = 16, 255, 64, 16
-- Where the scores of 1S and of 1R begin.
local STRICT, READERS = 1688849860263936, 1125899906842624

-- The error in what pcall returned, or nil.
local function error_of(got)
  return type(got) == 'table' and got.err or nil
end

-- The number of ms or µs by which `score` lies below `from`; nil if that can't be true.
local function below(from, score, most)
  local number = -tonumber(score) - from
  return number >= 0 and number <= most and number % 1 == 0 and number or nil
end

-- Whether it is an id: 32 hex digits, ";", and what its owner has to say.
local function is_id(id)
  local _, at = string.find(id, '^%x+;')
  return at == 33
end

-- The record out of its first members, or nil and an error. A key of another type, or a sorted set whose first members
-- are not ours or can't be true, is somebody else's data. Comes first in every operation: `seen` is of the one that is next.
local function read(key)
  local got = seen or call('ZRANGE', key, '0', '3', 'WITHSCORES')
  seen = nil
  if got.err then return nil, got.err end
  local record = { exists = got[1] ~= nil, told = 0, last = 0, deadline = 0, strict = 0, reading = 0, beat = 0 }
  local rank = 1
  local listed = got[rank] == '1L'
  if listed then
    record.told = below(FENCES, got[rank + 1], highest)
    if not record.told then return nil, 'FOREIGN' end
    record.last = record.told
    rank = 3
  end
  local member = got[rank]
  local class = member and sub(member, 1, 2)
  if class == '1H' then
    record.member = member
    record.owner = sub(member, 20)
    record.fence = tonumber(string.match(sub(member, 3, 19), '^(%d+);$'))
    record.deadline = below(OWNERS, got[rank + 1], latest)
    if not (record.deadline and record.fence and record.fence > 0 and record.fence <= highest and is_id(record.owner)) then
      return nil, 'FOREIGN'
    end
    if record.fence > record.last then record.last = record.fence end
    rank = rank + 2
    member = got[rank]
    class = member and sub(member, 1, 2)
  end
  if member and not listed then return nil, 'FOREIGN' end
  if member == '1S' then
    record.strict = below(STRICT, got[rank + 1], latest)
    if not record.strict then return nil, 'FOREIGN' end
    rank = rank + 2
    member = got[rank]
    class = member and sub(member, 1, 2)
  end
  if class == '1R' and not record.owner then
    record.reader, record.reading = sub(member, 3), below(READERS, got[rank + 1], latest)
    if not (record.reading and is_id(record.reader)) then return nil, 'FOREIGN' end
    rank = rank + 2
    member = got[rank]
    class = member and sub(member, 1, 2)
    if class == '1R' then
      record.other, record.other_reading = sub(member, 3), below(READERS, got[rank + 1], latest)
      if not record.other_reading then return nil, 'FOREIGN' end
      rank = rank + 2
      member = got[rank]
      class = member and sub(member, 1, 2)
    end
    if got[7] and sub(got[7], 1, 2) == '1R' then
      -- Readers fill all that was looked at.
      member = nil
      local beat = call('ZRANGEBYSCORE', key, '-562949953421312', '(0', 'WITHSCORES', 'LIMIT', '0', '1')
      if beat.err then return nil, beat.err end
      if beat[1] then record.beat = below(0, beat[2], latest) end
    end
  end
  if class == '1B' then
    record.beat = below(0, got[rank + 1], latest)
  elseif member and not (class == '1F' and record.reader) then
    return nil, 'FOREIGN'
  end
  if not record.beat then return nil, 'FOREIGN' end
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

-- Removes some readers who are past their deadlines, where others are not. Returns an error or nil.
local function bury(key)
  local dead = call('ZRANGEBYSCORE', key, -READERS - now, -READERS, 'LIMIT', 0, BURY)
  if dead.err then return dead.err end
  if not dead[1] then return nil end
  local members = {}
  for _, member in ipairs(dead) do
    members[#members + 1] = member
    members[#members + 1] = '1F' .. sub(member, 3)
  end
  return error_of(call('ZREM', key, unpack(members)))
end

-- Writes a reader, its fence, and that as the last one. Returns an error or nil.
local function write_reader(key, id, fence, deadline)
  return error_of(call('ZADD', key, -FENCES - fence, '1L', -READERS - deadline, '1R' .. id, FENCES + fence, '1F' .. id))
end

-- Counts a reader that was written or whose deadline moved. Of equal deadlines the set has the lesser id first; the
-- random part decides, in which no two are equal.
local function count_reader(record, id, deadline)
  local first = record.reader
  if deadline > record.reading or deadline == record.reading and sub(id, 1, 32) < sub(first, 1, 32) then
    record.reader, record.reading = id, deadline
  end
end

-- Grants a lock without an owner to the first waiters who are alive and can be told: to one who wants it alone if nobody
-- reads, or to neighbouring readers. `gone`: the member of an owner who is to be removed, or nil. `mine`, `lease`: the
-- waiter who is asking and the lease it asks for; it needs no message and no heartbeat, its request is both. Returns an
-- error or nil.
--
-- What could go wrong: a writer is granted beside a reader, or a reader beside a writer. It can't: there is no owner
-- when this runs (`gone` goes with the first grant), a writer ends the loop, and gets the lock only if no reader is left
-- in the record (`reading` is 0), dead or alive.
local function hand_over(key, record, gone, mine, lease)
  -- The key lives at least this long already.
  local alive = math.max(record.deadline, record.reading, record.beat)
  -- Where nobody reads there are no dead readers either.
  local read_before = record.reading > 0
  local strict = now < record.strict
  record.owner, record.deadline = nil, 0
  local skipped, tried, admitted = 0, 0, 0
  while true do
    local head = call('ZRANGEBYSCORE', key, '(0', '(4503599627370496', 'WITHSCORES', 'LIMIT', skipped, '1')
    if head.err then return head.err end
    if not head[1] then
      if skipped == 0 then
        record.beat = 0
        if record.reading == 0 then
          record.exists, record.strict = false, 0
          return error_of(call('DEL', key))
        end
      end
      break
    end
    if tried == TRIES or admitted == ADMITTED then break end
    if sub(head[1], 1, 2) ~= '1Q' then return 'FOREIGN' end
    local waiter = sub(head[1], 3)
    local beat = call('ZSCORE', key, '1B' .. waiter)
    if error_of(beat) then return beat.err end
    if waiter ~= mine and (not beat or now >= -beat) then
      local err = purge(key, waiter, mine)
      if err then return err end
      tried = tried + 1
    else
      local how, short, channel, id = string.match(waiter, '^([xfr])(%d+);([^;]*);(.*)$')
      if not (id and is_id(id) and now_up + short <= latest) then return 'FOREIGN' end
      local shared = how == 'r'
      if not shared and record.reading > 0 then break end
      local fence = math.max(record.last + 1, now_us)
      local left = tonumber(waiter == mine and lease or short)
      local deadline = now_up + left
      local member = '1H' .. format('%016.0f', fence) .. ';' .. id
      -- The deletion comes first: a script that has written is not stopped when memory is full.
      local err = error_of(call('ZREM', key, gone or head[1], '1B' .. waiter, '1Q' .. waiter))
      if not err then
        if shared then
          err = write_reader(key, id, fence, deadline)
        else
          err = error_of(call('ZADD', key, -OWNERS - deadline, member))
        end
      end
      if not err and deadline > alive then
        err = error_of(call('PEXPIREAT', key, deadline))
      end
      if err then
        -- Nobody was told. The waiter learns by its next refresh that it has to enqueue again.
        call('ZREM', key, member, '1R' .. id, '1F' .. id)
        return err
      end
      gone, record.last = nil, fence
      if shared then record.told = fence end
      local told = waiter == mine
      if not told then
        local life, flags = string.match(ARGV[1], '^%d+;(%x*);(%a*)$')
        local message = sub(id, 1, 32) .. ' ' .. format('%.0f', fence) .. ' ' .. short .. ' ' .. life
        if strict then message = message .. ' s' end
        -- Only the integer 0 says that nobody heard it. An error (publishing may be forbidden) says nothing. It is not
        -- replicated: a replica that was the master until now would tell its subscribers of a grant that is taken back.
        pcall(redis.set_repl, redis.REPL_NONE)
        -- In a cluster the number counts the subscribers of this node only. Who waits strictly is not passed, whether it
        -- hears or not: its subscription may be on its way back, and its next refresh finds the grant.
        told = call('PUBLISH', channel, message) ~= 0 or flags ~= '' or how ~= 'x'
        pcall(redis.set_repl, redis.REPL_ALL)
      end
      if not told then
        -- It keeps its place, and the fence that nobody heard of is used up.
        record.told = fence
        err = error_of(call('ZREM', key, member, '1R' .. id, '1F' .. id))
          or error_of(call('ZADD', key, -FENCES - fence, '1L', beat, '1B' .. waiter, head[2], head[1]))
        if err then return err end
        skipped, tried = skipped + 1, tried + 1
      elseif shared then
        count_reader(record, id, deadline)
        alive = math.max(alive, deadline)
        admitted = admitted + 1
      else
        record.member, record.owner, record.fence, record.deadline = member, id, fence, deadline
        return nil
      end
    end
  end
  -- Nobody else can have it now: who waits could not be told, or waits for the readers to leave. The next operation
  -- settles it.
  if read_before and admitted > 0 then
    local err = bury(key)
    if err then return err end
  end
  if gone then
    local err = error_of(call('ZREM', key, gone))
    if err then return err end
  end
  if record.last > record.told then
    record.told = record.last
    return error_of(call('ZADD', key, -FENCES - record.last, '1L'))
  end
end

-- Brings a lock to where the clock says it is: an owner past its deadline is gone (so is one who is `leaving`), so are
-- readers when none of them is before his, and the head of the queue has a lock that is free for it. Returns an error or
-- nil.
local function settle(key, record, mine, lease, leaving)
  local gone
  if record.owner then
    if not leaving and now < record.deadline then return nil end
    gone = record.member
  elseif record.reader and now >= record.reading then
    if record.beat > 0 then
      local err = error_of(call('ZREMRANGEBYSCORE', key, '(-1688849860263936', -READERS))
        or error_of(call('ZREMRANGEBYSCORE', key, FENCES, '+inf'))
      if err then return err end
    end
    record.reader, record.reading = nil, 0
  end
  if record.beat > 0 then return hand_over(key, record, gone, mine, lease) end
  if record.exists and record.reading == 0 then
    record.owner, record.deadline, record.exists, record.strict = nil, 0, false, 0
    return error_of(call('DEL', key))
  end
end

-- The reply that the id holds it. Who may be waiting strictly is not passed within a process.
local function held(record, fence, left)
  return now < record.strict and HELD_STRICT or HELD, fence, left
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

-- The deadline and the fence of the living reader with this id; nil if there is none; nil and an error.
local function reader(key, record, id)
  if not record.reader then return nil end
  local deadline = record.reading
  if record.reader ~= id then
    local score = call('ZSCORE', key, '1R' .. id)
    if error_of(score) then return nil, score.err end
    if not score then return nil end
    deadline = below(READERS, score, latest)
    if not deadline then return nil, 'FOREIGN' end
  end
  if now >= deadline then return nil end
  local fence = call('ZSCORE', key, '1F' .. id)
  if error_of(fence) then return nil, fence.err end
  fence = fence and below(FENCES, -fence, highest)
  if not fence then return nil, 'FOREIGN' end
  return deadline, fence
end

-- The same of a reader as `extend` of the owner; never shortens what the key has to live for others. Replies.
local function extend_reader(key, record, id, lease)
  local deadline, fence = reader(key, record, id)
  if not deadline then
    if fence then return FAILED, fence end
    return GONE
  end
  local later = now_up + lease
  if later > deadline then
    local err = error_of(call('PEXPIREAT', key, math.max(later, record.reading, record.beat)))
      or error_of(call('ZADD', key, 'XX', -READERS - later, '1R' .. id))
    if err then return FAILED, err end
    deadline = later
  end
  return held(record, fence, deadline - now_up)
end

-- Who has it, for those who have not: the lease left and the record of the owner, or of the reader with the most left;
-- 160 bytes of it, which is what a client of ours writes.
local function holder(record)
  if record.owner then return record.deadline - now, sub(record.owner, 34, 193) end
  if record.reader then return record.reading - now, sub(record.reader, 34, 193) end
  return 0, ''
end

-- Until when a strict waiter may be waiting, if this one is alive until `beat`.
local function strict_until(record, waiter, beat)
  return sub(waiter, 1, 1) ~= 'x' and beat > record.strict and beat or nil
end

-- Keeps a waiter alive and tells it where it stands. The floor that it is told is written down, so that whatever the
-- clock does, a later grant lies above it. `ticket` is text.
local function queued(key, record, waiter, ticket, heartbeat)
  local place = tonumber(ticket)
  if not (place > 0 and place < FENCES and place % 1 == 0) then return FAILED, 'FOREIGN' end
  local floor = math.max(record.last, now_us)
  local beat = now_up + tonumber(heartbeat)
  local strict = strict_until(record, waiter, beat)
  local err = error_of(call('PEXPIREAT', key, math.max(beat, record.beat, record.deadline, record.reading)))
  if not err and strict then
    err = error_of(call('ZADD', key, 'XX', -FENCES - floor, '1L', -beat, '1B' .. waiter, -STRICT - strict, '1S'))
  elseif not err then
    err = error_of(call('ZADD', key, 'XX', -FENCES - floor, '1L', -beat, '1B' .. waiter))
  end
  if err then return FAILED, err end
  local ahead = call('ZCOUNT', key, '(0', '(' .. ticket)
  if error_of(ahead) then return FAILED, ahead.err end
  return QUEUED, place, floor, ahead, holder(record)
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

