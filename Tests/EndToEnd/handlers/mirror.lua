-- Answers with all that a handler can know of a request.
local json = require "dogger.json"

return function(req)
  local headers = json.array()
  for name, value in pairs(req.headers) do headers[#headers + 1] = json.array { name, value } end
  return { json = { method = req.method, path = req.path, target = req.target, query = req.query, all = json.array(req:queries("name")),
    headers = headers, found = req.headers["x-thing"] or json.null, params = req.params, peer = req.peer, id = req.id, body = req.body,
    text = tostring(req) } }
end
