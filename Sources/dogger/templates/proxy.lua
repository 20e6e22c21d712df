-- Passes everything on, and changes what comes back. Use it with --upstream.
-- @needs upstream
---@param req dogger.Request
return function(req)
  req.headers["X-Via"] = "dogger"
  local res = req:forward()
  if req.path:match("/containers/json$") and res.status == 200 then
    local list = res:json()
    for _, container in ipairs(list) do container.Status = container.Status .. ", as seen by dogger" end
    res:set_json(list)
  end
  return res
end
