---@meta dogger

---@class dogger
---@field version string the version of dogger, such as `"0.1.0"`
local dogger = {}

---Writes a line to the log: its arguments as `tostring` gives them, a tab between each two, with the place of the call in front.
---`print` is the same function. Never waits: when nobody reads the log, lines are dropped and their number is told.
---@param ... any
function dogger.log(...) end

---Puts the request to sleep. `dogger.sleep(0)` lets other requests run.
---@async
---@param seconds number 0 or more, at most 10^9; fractions count, to the millisecond above
function dogger.sleep(seconds) end

---The time, for differences, and with `math.floor` for Docker's `Created`. It follows the machine's clock, which may be set.
---@return number # seconds since 1970-01-01 UTC, with microseconds
function dogger.now() end

---The contents of a file beside the script. Other requests stand still meanwhile, as the file is read in one go. A file that was
---read is watched: when it changes, the handler is reloaded.
---
---Errors: there is no such file, it may not be read, it is not a regular one, or larger than 64 MiB; a name that begins with `/`, has
---`..` in it, or leads out of the handler's directory over a link.
---@param name string a path relative to the directory of the handler file
---@return string contents
function dogger.read_file(name) end

---Makes a function of a route table, for a handler that is more than one.
---
---Errors: those of a route table that a file returns.
---@param routes dogger.Routes
---@return dogger.Function # returns what the route returns, or nothing where no route matches
function dogger.routes(routes) end

return dogger
