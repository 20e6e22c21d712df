-- Makes the engine unreliable, to see what your program does then: late answers, errors, and answers that break off.
-- @needs upstream
local dogger = require "dogger"
local docker = require "dogger.docker"

local LATE, SECONDS = 0.2, 2      -- this share of the requests waits up to so many seconds
local FAIL = 0.1                  -- this share is answered with an error, and never reaches the engine
local CUT = 0.1                   -- this share of the answers breaks off somewhere

local ERRORS = { { 500, "out of luck" }, { 503, "the engine is too busy" }, { 409, "somebody else was faster" } }

local function break_off() error({ status = 500, message = "chaos: this answer was to break off here" }) end

-- Gives on about half of what comes, and breaks off.
local function cut(res)
  if res.status == 101 then
    return res:tap(function(_, bytes) return math.random() < 0.5 and bytes or break_off() end)
  end
  local chunks = res:chunks()
  res.body = function(out)
    for chunk in chunks do
      if math.random() < 0.5 then
        out:write(chunk:sub(1, #chunk // 2))
        break_off()
      end
      out:write(chunk)
    end
    break_off()
  end
  return res
end

return function(req)
  if math.random() < LATE then dogger.sleep(math.random() * SECONDS) end
  if math.random() < FAIL then return docker.error(table.unpack(ERRORS[math.random(#ERRORS)])) end
  local res = req:forward()
  if math.random() < CUT then return cut(res) end
  return res
end
