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

---The contents of a file: one beside the script, or one that `--allow-read DIR` grants. Other requests stand still meanwhile, as the
---file is read in one go. A file that was read is watched: when it changes, the handler is reloaded.
---
---Errors: there is no such file, it may not be read, it is not a regular one, or larger than 64 MiB; it is neither in the directory
---of the handler file nor in a granted one, nor below these. What counts is where links lead.
---@param name string a path; one that does not begin with `/` starts at the directory of the handler file
---@return string contents
function dogger.read_file(name) end

---A variable of dogger's environment, as it was when dogger was started.
---
---Errors: neither `--allow-env NAME` nor an `--allow-env PREFIX_*` grants the variable, whether it is set or not.
---@param name string
---@return string? value nil where it is not set
function dogger.env(name) end

---Makes a function of a route table, for a handler that is more than one.
---
---Errors: those of a route table that a file returns.
---@param routes dogger.Routes
---@return dogger.Function # returns what the route returns, or nothing where no route matches
function dogger.routes(routes) end

return dogger
