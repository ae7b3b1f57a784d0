-- Stands in front of both scripts.
--
-- A script is four files, one behind the other: this one; the operations that need no record (acquire_free.lua or
-- hold_alone.lua), which return from the script if there were no others; the record (record.lua); all other operations
-- (acquire.lua or hold.lua). Making the functions of the latter two costs more than what the former do. In front of
-- acquire_free.lua stands one more, red_master.lua, which only red masters run.
--
-- Three rules for every line of the scripts:
-- * A number leaves Lua as an integer reply, as an argument of a command, or through string.format('%.0f'). The
--   concatenation of a number loses digits above 10^14.
-- * Nothing raises. Each command runs under pcall; an operation's first write is one that a full memory does not stop,
--   unless it is there to be stopped.
-- * What was read is compared before it is used, in the form "is within", which what is no number fails: a record that can't
--   be true is foreign to its own lock, and moves nothing that others share.

local call = redis.pcall
local sub, format = string.sub, string.format
local KEYS, ARGV = KEYS, ARGV
-- Where the scores of fences and of owners begin; see record.lua.
local FENCES, OWNERS = 4503599627370496, 2251799813685248
-- Codes of replies; see PROTOCOL.md.
local HELD, QUEUED, BUSY, LATE, GONE, FORGOTTEN, FAILED, HELD_STRICT = 0, 1, 2, 3, 4, 5, 6, 7

-- Server time, read once: in µs, in ms rounded down (what a deadline is compared with) and in ms rounded up (what a
-- deadline is counted from, so that no lease is shorter than promised).
local clock = call('TIME')
local seconds, micros = clock[1], clock[2]
local now_us, now, now_up = 0, 0, 0
-- The highest fence and the latest deadline that can be true: what was drawn or given by a clock that has gone back since by
-- a day at most; no lease is longer than 30 days. The same in bounds.rs.
local highest, latest = 0, 0
if not clock.err then
  now_us = seconds * 1000000 + micros
  now = (now_us - now_us % 1000) / 1000
  now_up = now * 1000 < now_us and now + 1 or now
  highest, latest = now_us + 86400000000, now_up + 2678400000
end

-- The reply: server time, the call's number, then code and values of each operation; the zeros are room for one,
-- and a nil behind the last value ends it.
-- `at`: where the last value stands; `turn`: which operation comes next; `seen`: the first members of its record.
local reply, at, turn, seen = { now, ARGV[1], 0, 0, 0 }, 2, 1, nil

