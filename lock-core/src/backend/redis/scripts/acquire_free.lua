-- Takes locks that are free. KEYS and ARGV: see acquire.lua.
--
-- The same as acquire.lua does, since a lock without a key has nothing to settle, nobody who holds it or waits, and no
-- last fence. What is not so simple (a lease that is no number: a reader's) is left to it with all operations behind it,
-- as if it had not been tried; also what fails, to fail there again and be told.

-- Whether no counter is declared, and how many keys stand in front of the locks.
local bare = form == 'n'
local shift = bare and 0 or red and 2 or 1
local count = #KEYS - shift
-- The last number drawn, and the number up to which the counter has been moved on the server.
local drawn, reserved

-- The number in what a SET of the counter has replaced (`old`); nil and an error if it can't be true, after that was put
-- back.
local function counted(counter, old)
  local number = tonumber(old or '0')
  if number and number >= 0 and number <= highest and number % 1 == 0 then return number end
  if type(old) ~= 'table' then
    call('SET', counter, old)
  elseif not string.find(old.err, 'WRONGTYPE', 1, true) then
    return nil, old.err
  end
  return nil, 'COUNTER ' .. counter
end

-- The next fence or ticket, and its text: above every earlier one, and above what a server that lost its data could have
-- issued. The counter moves before the record is written that bears the number, once per call for all operations that
-- are left: at most one for each, so it does not outrun the clock. Returns nil and an error if it cannot be written; as
-- the first write of an acquisition it is what a full memory stops.
--
-- Without a counter, the clock and the lock's own last fence have to do: a number is then above all that this record has
-- seen, and above those of others by the clock. An undeclared counter is never touched: while its slot migrates it would
-- be made a second time, on the other node.
--
-- What could go wrong: a record or a counter that somebody else wrote takes the counter to where no fence is left, for all
-- locks. It can't: `last` was read within its bounds, and a counter outside of them stays as it is, and is named.
local function draw(last)
  if bare then
    local next = now_us > last and now_us or last + 1
    return next, format('%016.0f', next)
  end
  local counter, rest = KEYS[1], count - turn
  local top, top_text
  if not drawn then
    top = now_us + rest
    if rest == 0 and #seconds + #micros == 16 then
      top_text = seconds .. micros
    else
      top_text = format('%016.0f', top)
    end
    local old = call('SET', counter, top_text, 'GET')
    local number, err = counted(counter, old)
    if not number then return nil, err end
    drawn, reserved = number, top
  end
  local next = now_us
  if drawn >= next then next = drawn + 1 end
  if last >= next then next = last + 1 end
  if next + rest > reserved then
    -- Only when counter or record are ahead of the clock.
    local moved = call('SET', counter, format('%016.0f', next + rest))
    if moved.err then return nil, moved.err end
    reserved = next + rest
  end
  drawn = next
  return next, next == top and top_text or format('%016.0f', next)
end

if not clock.err and not abstains then
  local known, left, deadline, score
  while turn <= count do
    local key, from = KEYS[turn + shift], turn * 4 - 3
    local id, lease = ARGV[from + 1], ARGV[from + 2]
    seen = call('ZRANGE', key, '0', '3', 'WITHSCORES')
    if seen[1] or seen.err or now > tonumber(ARGV[from + 3]) or sub(lease, 1, 1) == 'r' then break end
    local fence, text = draw(0)
    if not fence then break end
    if lease ~= known then
      -- Mostly the same for all.
      known, left = lease, tonumber(lease)
      deadline, score = format('%.0f', now_up + left), format('%.0f', -OWNERS - now_up - left)
    end
    local member = '1H' .. text .. ';' .. id
    if call('ZADD', key, score, member) ~= 1 then break end
    if call('PEXPIREAT', key, deadline) ~= 1 then
      -- Without an expiry it could stay for ever.
      call('ZREM', key, member)
      break
    end
    reply[at + 1], reply[at + 2], reply[at + 3] = HELD, fence, left
    at, turn = at + 3, turn + 1
  end
  if turn > count then return reply end
end

