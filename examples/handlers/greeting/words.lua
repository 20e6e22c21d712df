-- A module is a file that returns a value; modules.lua requires this one.
local words = {}

function words.hello(name)
  return "Hello, " .. name .. "!"
end

return words
