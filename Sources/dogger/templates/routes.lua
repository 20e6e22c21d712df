-- Answers by method and path; what no route matches is 404.
return {
  ["GET /hello/{name}"] = function(req)
    return "hello, " .. req.params.name .. "\n"
  end,

  ["POST /sum"] = function(req)
    local sum = 0
    for _, number in ipairs(req:json()) do sum = sum + number end
    return { json = { sum = sum } }
  end,
}
