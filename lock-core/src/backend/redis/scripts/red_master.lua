-- Whether the vote of a red master counts, decided in the same step as the grant. KEYS and ARGV: see acquire.lua. On every
-- other server this does nothing.
--
-- The marker is a sorted set of one member, "1M<16 digits of the run id>"; its score is the time (ms) since when this master
-- is known to have forgotten nothing. What takes the data away takes the marker with it (FLUSHALL, an empty disk), or brings
-- the marker of another process (a restart with an old copy, a replica that took the master's place). The marker is then
-- written anew, with the present time, and the master abstains until the longest lease is over.
--
-- What could go wrong: a master forgets a lease, and grants the lock to somebody else while the holder counts on it. It
-- can't: the lease was given before the marker was written, and lasts no longer than the last of ARGV. So when the marker is
-- as old as that, the lease is over, by the very clock by which this server would have ended it.
--
-- A marker of the future is written anew too: the clock went back, and the wait stays bounded.

-- The last of the flags.
local form = sub(ARGV[1], -1)
local red = form == 'r' or form == 'k'
-- What is said instead of a vote, or nil.
local abstains
if red and not clock.err then
  local marker, longest = KEYS[2], tonumber(ARGV[#ARGV])
  local life = string.match(ARGV[1], '^%d+;(%x*);')
  life = '1M' .. life
  local got = call('ZRANGE', marker, '0', '1', 'WITHSCORES')
  local member, since, err = got[1], tonumber(got[2] or '0'), got.err
  if err and string.find(err, 'WRONGTYPE', 1, true) or got[3] or member and not string.find(member, '^1M%x*$') then
    abstains = 'it is not counted: its key ' .. marker .. ' holds data of another program; delete that key'
  elseif err then
    abstains = err
  else
    -- Where the data is kept over a restart, so is what the marker of an earlier process says.
    local known = member and (member == life or form == 'k') and since >= 0 and since <= now_up
    if not known then since = now_up end
    if not known or member ~= life then
      if member then call('DEL', marker) end
      local written = call('ZADD', marker, format('%.0f', since), life)
      if type(written) == 'table' then abstains = written.err end
    end
    if not abstains and now < since + longest then
      local text = 'it is not counted: it is new, was started anew or has lost its data, and may have forgotten leases; it counts in '
      abstains = text .. format('%.0f', since + longest - now) .. 'ms'
    end
  end
end

