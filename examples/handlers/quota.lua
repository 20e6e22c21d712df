-- At most 30 changes a minute for each user, whatever else is in front of the engine; see what is left at /quota.
--   dogger run quota.lua --upstream docker --store /var/lib/dogger/quota.db
-- A request counts once, whatever goes through its stream afterwards (attach, exec, BuildKit's session and grpc), and the minute begins
-- with a user's first change. Over TCP an address is a user.
-- The counts are in dogger.store, so neither a reload nor a restart gives anybody a fresh start.
local store = require "dogger.store"

local MOST, MINUTE = 30, 60

-- What the user has used of this minute, after `by` more.
local function used(uid, by)
  local key = "changes/" .. uid
  -- The minute begins with the first change; incr leaves the time as it is.
  if by > 0 and not store.get(key) then store.set(key, 0, { ttl = MINUTE }) end
  return by > 0 and store.incr(key, by) or store.get(key) or 0
end

return function(req)
  local uid = req.peer.uid or req.peer.address:match("^(.*):%d+$") or req.peer.address
  if req.path == "/quota" then return ("%d of %d left\n"):format(math.max(0, MOST - used(uid, 0)), MOST) end
  if (req.method == "GET" or req.method == "HEAD") and not req.headers["Upgrade"] then return nil end      -- a stream can write
  if used(uid, 1) > MOST then
    error { status = 429, message = ("that was more than %d changes in a minute: wait a moment"):format(MOST) }
  end
  return nil
end
