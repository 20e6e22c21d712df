---@meta dogger.docker

---@class dogger.docker
local docker = {}

---Makes a handler that stands in for an engine: a route table whose patterns match with and without a version prefix in front, with
---what every client asks first (`GET /_ping`, `GET /version`, `GET /info`) added where it has no route for it. What no route matches
---gets Docker's own 404, so it is the last of a chain.
---@param routes dogger.Routes
---@return dogger.Function # to return from the file, or to call
function docker.engine(routes) end

---Makes a handler of a route table whose patterns match with and without a version prefix in front; the prefix is in `req.version`.
---What no route matches is passed on.
---@param routes dogger.Routes
---@return dogger.Function # to return from the file, or to call
function docker.api(routes) end

---One element of `GET /containers/json`, with everything that clients expect in it. Names that begin with a capital are Docker's own
---fields, and are taken as they are: `HostConfig = { ... }`.
---
---Errors: any other name; a port that looks like none of these.
---@param fields? dogger.docker.Container
---@return table # a new one in Docker's own form, which can be changed further
function docker.container(fields) end

---@class dogger.docker.Container
---@field name? string `"unnamed"` where it is left out
---@field id? string 64 hex digits; `docker.id(name)` where it is left out
---@field image? string `"busybox"` where it is left out
---@field command? string `"sh"` where it is left out
---@field created? number seconds since 1970; a minute ago where it is left out
---@field state? "running" | "exited" | "created" | "paused" | "restarting" | "removing" | "dead" `"running"` where it is left out
---@field status? string what `docker ps` shows for it; a sentence for the state where it is left out
---@field ports? (string | table)[] `"80"`, `"8080:80"`, `"127.0.0.1:8080:80/udp"`, or tables in Docker's form; none where it is left out
---@field labels? table<string, string> none where it is left out
---@field [string] any

---One element of `GET /images/json`, as `docker.container` makes one of the other list.
---
---Errors: a name that is neither one of these nor begins with a capital.
---@param fields? dogger.docker.Image
---@return table # a new one in Docker's own form, which can be changed further
function docker.image(fields) end

---@class dogger.docker.Image
---@field name? string without a tag it gets `:latest`; `"busybox:latest"` where it is left out
---@field id? string `"sha256:"` and `docker.id(name)` where it is left out
---@field size? integer bytes; 4261550 where it is left out
---@field created? number seconds since 1970; an hour ago where it is left out
---@field labels? table<string, string> none where it is left out
---@field [string] any

---A response that Docker's clients print as `Error response from daemon: MESSAGE`.
---@param status integer 200 to 599
---@param message string
---@return dogger.Reply # to return
function docker.error(status, message) end

---An id such as an engine's are. Not a secret, and no proof of anything.
---@param text string
---@return string # 64 hex digits, the same for the same text
function docker.id(text) end

---Docker's frames, in which `attach`, `exec` and `logs` carry standard output and standard error side by side where there is no
---terminal.
---@param out dogger.Output | dogger.Stream what a body's function or an upgrade's function got
---@return dogger.docker.Frames
function docker.stream(out) end

---@class dogger.docker.Frames
local Frames = {}

---Writes one frame of standard output, as `out:write` would, with its errors and its waits.
---@async
---@param text string
---@return self
function Frames:stdout(text) end

---Writes one frame of standard error, as `out:write` would, with its errors and its waits.
---@async
---@param text string
---@return self
function Frames:stderr(text) end

return docker
