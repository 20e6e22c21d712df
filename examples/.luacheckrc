-- What handlers have of Lua 5.4: luacheck examples
std = "lua54"
not_globals = { "io", "debug", "package", "dofile", "loadfile", "warn", "os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname", "os.setlocale" }
unused_args = false         -- a handler that needs nothing of its request is still a function of it
max_line_length = 140
files["**/*_test.lua"].std = "+busted"
