-- Writes a line for each request: who asked (the kernel's word for it), for what, and what came of it.
-- Use it with --quiet, so that little else stands in the log. A request that dogger itself refuses (no
-- proper HTTP) never gets here; what is stopped at a limit (of time or memory), here or behind, takes its line along, and dogger says
-- that one was stopped. Of a target the first 2000 bytes are told, of a stream (attach, exec, a build's session) its beginning, not
-- what goes through it. The pid is the one that connected, which may have given its connection to another. Who doesn't read the log in
-- time loses lines, and is told how many.
-- @needs upstream
local dogger = require "dogger"

-- A line is one line, and plain text, whatever a client makes of its path, or an engine of its message.
local function plain(text)
  return (tostring(text):gsub("[%c\\\x80-\xff]", function(c) return ("\\x%02x"):format(c:byte()) end))
end

return function(req)
  local peer, start, outcome = req.peer, dogger.now(), "the client has gone"
  local who = peer.uid and ("uid %d, pid %d"):format(peer.uid, peer.pid) or peer.address
  local what = plain(req.method .. " " .. req.target:sub(1, 2000))      -- now: handlers behind this one may change it
  local _ <close> = setmetatable({}, { __close = function()    -- however it ends
    dogger.log(("%s: %s -> %s (%.1f ms)"):format(who, what, plain(outcome), (dogger.now() - start) * 1000))
  end })
  local answered, res = pcall(req.forward, req)
  outcome = answered and res.status or "failed: " .. tostring(type(res) == "table" and res.message or res)
  if not answered then error(res, 0) end
  return res
end
