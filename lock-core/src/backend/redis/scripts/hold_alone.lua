-- Renews and forgets where the id's hold is all there is. KEYS and ARGV: see hold.lua.
--
-- The same as hold.lua does, since in a record of one member nobody waits, and an owner of this id that is before its
-- deadline needs no settling. What is not so simple is left to it with all operations behind it, as if it had not been
-- tried; also what fails, to fail there again and be told.

local count = #KEYS

if not clock.err then
  while turn <= count do
    local key, from = KEYS[turn], turn * 3 - 2
    local operation = ARGV[from + 1]
    seen = call('ZRANGE', key, '0', '3', 'WITHSCORES')
    local member = seen[1]
    if not member or seen[3] or sub(member, 20) ~= ARGV[from + 2] or sub(member, 1, 2) ~= '1H' then break end
    local fence, deadline = tonumber(sub(member, 3, 18)), -OWNERS - seen[2]
    if not (fence and fence <= highest and deadline >= 0 and deadline <= latest) then break end
    if operation == 'forget' then
      if call('DEL', key) ~= 1 then break end
      reply[at + 1], reply[at + 2] = FORGOTTEN, now < deadline and 1 or 0
      at = at + 2
    elseif operation == 'renew' and now < deadline then
      local later = now_up + ARGV[from + 3]
      if later > deadline then
        if call('PEXPIREAT', key, later) ~= 1 or call('ZADD', key, 'XX', -OWNERS - later, member) ~= 0 then break end
        deadline = later
      end
      reply[at + 1], reply[at + 2], reply[at + 3] = HELD, fence, deadline - now_up
      at = at + 3
    else
      break
    end
    turn = turn + 1
  end
  if turn > count then
    reply[at + 1] = nil
    return reply
  end
end

