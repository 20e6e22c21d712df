-- `docker exec` hijacks its connection: from then on both sides send what they like, and each hangs up by itself.
--
--   docker exec box date
--   echo hello | docker exec -i box rev       the answer comes after the input's end: half-closed is not closed
--   docker exec box false; echo $?
local docker = require "dogger.docker"
local json = require "dogger.json"

-- A command gets the output, and the input piece by piece; it returns its exit status.
local commands = {
  date = function(out) out:stdout(os.date("!%F %T UTC\n")) end,
  rev = function(out, input)
    local all = {}
    for bytes in input do all[#all + 1] = bytes end
    for line in table.concat(all):gmatch("[^\n]+") do out:stdout(line:reverse() .. "\n") end
  end,
  ["false"] = function() return 1 end,
}

local sessions = {}

return docker.engine {
  ["GET /containers/{id}/json"] = function(req)
    return { json = { Id = docker.id(req.params.id), Name = "/" .. req.params.id, State = { Running = true }, Config = { Tty = false } } }
  end,

  ["POST /containers/{id}/exec"] = function(req)
    local id = docker.id("exec " .. #sessions)
    sessions[#sessions + 1] = id
    sessions[id] = { command = req:json().Cmd[1] }
    return { status = 201, json = { Id = id } }
  end,

  ["POST /exec/{id}/start"] = function(req)
    local session = sessions[req.params.id]
    return { upgrade = function(stream)
      local command, out = commands[session.command], docker.stream(stream)
      if command then
        session.status = command(out, function() return stream:read() end) or 0
      else
        out:stderr("box: " .. session.command .. ": no such command\n")
        session.status = 127
      end
    end }
  end,

  ["GET /exec/{id}/json"] = function(req)
    local session = sessions[req.params.id]
    return { json = { ID = req.params.id, Running = session.status == nil, ExitCode = session.status or json.null } }
  end,
}
