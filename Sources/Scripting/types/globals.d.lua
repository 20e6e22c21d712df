---@meta _

-- What a handler has of Lua's os library; the rest of it is not there, so the editor's own definitions are switched off.
---@class oslib
os = {}

---The CPU time of the whole process.
---@return number # seconds
function os.clock() end

---A date and time as text, or as a table where the format is `"*t"` or `"!*t"` (UTC).
---@param format? string as C's strftime takes it
---@param time? integer seconds since 1970-01-01 UTC; now where it is left out
---@return string | osdate
function os.date(format, time) end

---@param later integer
---@param earlier integer
---@return number # seconds between the two
function os.difftime(later, earlier) end

---@param date? osdateparam a local time; now where it is left out
---@return integer # seconds since 1970-01-01 UTC
function os.time(date) end

---@class osdateparam
---@field year integer | string
---@field month integer | string
---@field day integer | string
---@field hour? integer | string
---@field min? integer | string
---@field sec? integer | string
---@field isdst? boolean

---@class osdate : osdateparam
---@field wday integer 1 is Sunday
---@field yday integer
