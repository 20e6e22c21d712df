-- Writes a line for each answered request: who asked (the kernel's word for it), for what, and what came of it.
-- @needs upstream
local dogger = require "dogger"

return function(req)
  local peer = req.peer
  local who = peer.uid and ("uid %d, pid %d"):format(peer.uid, peer.pid) or peer.address
  local start = dogger.now()
  local answered, res = pcall(req.forward, req)
  local outcome = answered and res.status or "failed: " .. tostring(type(res) == "table" and res.message or res)
  dogger.log(("%s: %s %s -> %s (%.1f ms)"):format(who, req.method, req.target, outcome, (dogger.now() - start) * 1000))
  if not answered then error(res, 0) end
  return res
end
