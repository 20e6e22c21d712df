-- Time passes in a straight line: dogger.sleep lets other requests go on meanwhile.
--
--   curl -N --unix-socket /tmp/dogger.sock http://d/?from=5
local dogger = require "dogger"

return function(req)
  local from = math.tointeger(tonumber(req.query.from or 3)) or 3
  return { body = function(out)
    for n = from, 1, -1 do
      out:write(n, "\n")
      dogger.sleep(1)
    end
    out:write("liftoff\n")
  end }
end
