-- A table of routes: each function answers one method and path, and {name} takes a segment, {name...} several.
--
--   curl --unix-socket /tmp/dogger.sock http://d/greet/world
--   curl --unix-socket /tmp/dogger.sock 'http://d/add?a=2&b=40'
return {
  ["GET /"] = function(req)
    return "try /greet/you, /add?a=2&b=40, /files/any/path\n"
  end,

  ["GET /greet/{name}"] = function(req)
    return "hello, " .. req.params.name .. "\n"
  end,

  ["GET /add"] = function(req)
    local a, b = tonumber(req.query.a), tonumber(req.query.b)
    if not a or not b then return { status = 400, body = "add what? try /add?a=2&b=40\n" } end
    return a + b .. "\n"
  end,

  ["* /files/{path...}"] = function(req)          -- * is any method
    return req.method .. " of " .. req.params.path .. "\n"
  end,
}
