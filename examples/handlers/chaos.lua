-- Makes the engine unreliable, to see what your program does then: late answers, errors, and answers that break off.
-- What comes is proper HTTP up to where it breaks off. A request that is answered with an error never reached the engine, any other did.
-- @needs upstream
local dogger = require "dogger"
local docker = require "dogger.docker"

local LATE, SECONDS = 0.2, 2      -- this share of the requests waits up to so many seconds
local FAIL = 0.1                  -- this share is answered with an error, and never reaches the engine
local CUT = 0.1                   -- this share of the answers that have a body breaks off somewhere
local SEED = nil                  -- a number: the same requests in the same order meet the same faults, from each reload on

local ERRORS = { { 500, "out of luck" }, { 503, "the engine is too busy" }, { 409, "somebody else was faster" } }

local state = SEED or math.random(0)

-- At least 0, less than 1 (Knuth's MMIX generator, without its low bits, which are less random).
local function random()
  state = state * 6364136223846793005 + 1442695040888963407
  return (state >> 11) * 2.0 ^ -53
end

local function break_off() error({ status = 503, message = "chaos: this answer was to break off here" }, 0) end

-- Gives on what comes for a while, and breaks off. Of each piece the second half waits for the next one: so the end never arrives.
local function cut(res)
  if res.status == 101 then
    return res:tap(function(_, bytes) return random() < 0.5 and bytes or break_off() end)
  end
  local chunks, rest = res:chunks(), ""
  res.body = function(out)
    for chunk in chunks do
      out:write(rest, chunk:sub(1, #chunk // 2))
      rest = chunk:sub(#chunk // 2 + 1)
      if random() < 0.5 then break end
    end
    break_off()
  end
  return res
end

return function(req)
  if random() < LATE then dogger.sleep(random() * SECONDS) end
  if random() < FAIL then return docker.error(table.unpack(ERRORS[1 + math.floor(random() * #ERRORS)])) end
  local res = req:forward()
  if random() < CUT then return cut(res) end
  return res
end
