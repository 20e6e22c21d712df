-- Sits inside of raw streams, and changes nothing.
return function(req)
  local res = req:forward()
  if res.status ~= 101 then return res end
  return res:tap(function(direction, bytes) return bytes end)
end
