-- Has the upstream answer, and passes its answer on.
return function(req)
  return req:forward()
end
