-- JSON in, JSON out: req:json() decodes the body, { json = value } sends one. Nothing is lost on the way.
--
--   curl --unix-socket /tmp/dogger.sock -d '{"name": "web", "labels": [], "limit": 9223372036854771712}' http://d/
local json = require "dogger.json"

return function(req)
  local given = req:json()                        -- a body that is no JSON is the client's fault: it gets a 400
  return { json = {
    you_sent = given,                             -- [] is an array still, and the large integer is exact
    names = json.array { "one", "two" },
    nothing = json.null,
  } }
end
