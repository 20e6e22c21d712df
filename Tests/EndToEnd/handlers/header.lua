-- Changes a header on the way up and one on the way down.
return function(req)
  req.headers["X-Up"] = "seen"
  local res = req:forward()
  res.headers["X-Down"] = "seen"
  return res
end
