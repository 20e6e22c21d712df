-- Streams: each piece goes back as it comes, so a body of any size takes no memory.
--
--   yes | head -c 1G | curl --unix-socket /tmp/dogger.sock -T - http://d/ | wc -c
return function(req)
  return { body = function(out)
    for chunk in req:chunks() do out:write(chunk) end
  end }
end
