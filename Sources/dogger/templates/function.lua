-- Answers every request with a line of text.
---@param req dogger.Request
return function(req)
  return "hello from " .. req.path .. "\n"
end
