-- Locals at the top of the file live from request to request, until the file is saved.
--
--   curl --unix-socket /tmp/dogger.sock http://d/a http://d/b http://d/a
local visits, by_path = 0, {}

return function(req)
  visits = visits + 1
  by_path[req.path] = (by_path[req.path] or 0) + 1
  return ("visit %d, number %d to %s\n"):format(visits, by_path[req.path], req.path)
end
