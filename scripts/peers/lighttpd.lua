-- The three workloads for mod_magnet, which runs this file from its top at every request; what is required stays loaded.

local r = lighty.r
local path = r.req_attr["uri.path"]

if path == "/hello" then
  r.resp_header["Content-Type"] = "text/plain"
  r.resp_body.set("hello, docker\n")
  return 200
elseif path == "/containers/json" then
  r.resp_header["Content-Type"] = "application/json"
  r.resp_body.set(require("cjson").encode(require("containers")()))
  return 200
elseif path == "/echo" then
  if not r.req_body.collect then
    return 0 -- called again once the body is whole
  end
  r.resp_header["Content-Type"] = "application/octet-stream"
  r.resp_body.set(r.req_body.get)
  return 200
end
