-- The smallest handler: every request gets the same answer.
return function(req)
  return "hello, world"
end
