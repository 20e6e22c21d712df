-- Files beside the script: `require` runs one, `read_file` reads one. Save any of them, and the next request sees it.
--
--   curl --unix-socket /tmp/dogger.sock http://d/?name=Ada
local dogger = require "dogger"
local greeting = require "greeting.words"         -- greeting/words.lua
local banner = dogger.read_file("greeting/banner.txt")

return function(req)
  return banner .. greeting.hello(req.query.name or "stranger") .. "\n"
end
