-- require "dogger.http": a client. What it gives is a response object like that of req:forward().
local _, native = ...
local json = require "dogger.json"
local Response = native.response_type()

local PATIENCE = 30
local OPTIONS = { method = "string", url = "string", headers = "table", body = "string", json = "any", timeout = "number" }

-- Errors of what is called here are told at the script's line, not at this file's.
local function try(work, ...)
  local ok, result = pcall(work, ...)
  if not ok then native.fail((tostring(result):gsub("^%[dogger%.http%]:%d+: ", ""))) end
  return result
end

local function check(options)
  if type(options) ~= "table" then native.fail("http.request takes a table such as { url = \"http://localhost:8080/\" }") end
  for name, value in pairs(options) do
    local wanted = OPTIONS[name]
    if not wanted then native.fail("http: unknown option " .. tostring(name) .. "; there are method, url, headers, body, json and timeout") end
    if wanted ~= "any" and type(value) ~= wanted then native.fail("http: " .. name .. " is a " .. type(value) .. ", not a " .. wanted) end
  end
  if not options.url then native.fail("http: there is no url") end
  if options.body and options.json ~= nil then native.fail("http: there are both body and json") end
  local timeout = options.timeout or PATIENCE
  if not (timeout > 0 and timeout <= 1e6) then native.fail("http: timeout is a number of seconds, more than 0") end
  return timeout
end

local function copy_headers(from, to)
  for name, value in pairs(from) do to[name] = value end
end

local function request(options)
  local timeout = check(options)
  local headers, body = native.new_headers(), options.body
  try(copy_headers, options.headers or {}, headers)
  if options.json ~= nil then
    body = try(json.encode, options.json)
    if not headers["Content-Type"] then headers["Content-Type"] = "application/json" end
  end
  local number, status, answered = native.ask(options.url, options.method or "GET", headers, body, timeout)
  local source = {}
  function source.next() return native.asked_chunk(number) end
  function source.body() return native.asked_body(number) end
  local function pass(out)
    for chunk in source.next do out:write(chunk) end
  end
  return setmetatable({ status = status, headers = answered, source = source, content = pass }, Response)
end

local function with(method, url, options)
  if options ~= nil and type(options) ~= "table" then native.fail("http: the options are a " .. type(options) .. ", not a table") end
  local all = {}
  for name, value in pairs(options or {}) do all[name] = value end
  all.method, all.url = method, url
  return request(all)
end

return {
  request = native.with_frame(request),
  get = native.with_frame(function(url, options) return with("GET", url, options) end),
  post = native.with_frame(function(url, options) return with("POST", url, options) end),
}
