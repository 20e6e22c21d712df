-- A raw connection: after the upgrade there is no HTTP, only bytes both ways. Here it is a tiny conversation.
--
--   printf 'GET / HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n' > /tmp/hello
--   (cat /tmp/hello; cat) | nc -U /tmp/dogger.sock
local answers = {
  help = "time, help, quit\n",
  time = function() return os.date("!%T\n") end,
}

return function(req)
  return { upgrade = function(stream)
    local line = ""
    stream:write("say help or quit\n")
    for bytes in function() return stream:read() end do
      line = line .. bytes
      for word in line:gmatch("(%w+)%s*\n") do
        if word == "quit" then return stream:write("bye\n") end
        local answer = answers[word] or "what?\n"
        stream:write(type(answer) == "function" and answer() or answer)
      end
      line = line:match("[^\n]*$")
    end
  end }
end
