import Glibc
import Testing

/// The allow-list of the sandbox: everything that a script can reach is named in reachable.txt, and nothing else is there.
@Suite struct SandboxTests {
    /// Walks tables, metatables and the methods of every kind of object, by all names and through all iterators that there
    /// are; upvalues are not to be reached. Each value shows at the shortest way to it.
    private static let walk = """
        local json, dogger = require "dogger.json", require "dogger"
        local docker, store = require "dogger.docker", require "dogger.store"

        return function(req)
          local names, seen, lines = {}, {}, {}
          local function show(path, value)
            local kind = math.type(value) or type(value)
            lines[#lines + 1] = path .. " " .. kind
          end
          local queue = {
            { "_ENV", _ENV }, { "dogger", dogger }, { "dogger.json", json }, { "dogger.docker", docker }, { "dogger.store", store }, { "string methods", ("").rep and string },
          }
          local first, last = 1, #queue
          local function visit(path, value)
            last = last + 1
            queue[last] = { path, value }
          end
          while first <= last do
            local path, value = queue[first][1], queue[first][2]
            first = first + 1
            if seen[value] == nil then
              if type(value) == "table" or type(value) == "function" or type(value) == "userdata" then seen[value] = path end
              show(path, value)
              local metatable = getmetatable(value)
              if metatable ~= nil then visit(path .. " metatable", metatable) end
              if type(value) == "table" then
                local keys = {}
                local iterate, state = pairs(value)
                if state ~= value then visit(path .. " pairs state", state) end
                visit(path .. " pairs iterator", iterate)
                for key in pairs(value) do keys[#keys + 1] = tostring(key) end
                for key in next, value do keys[#keys + 1] = "raw " .. tostring(key) end
                table.sort(keys)
                for _, key in ipairs(keys) do visit(path .. "." .. key, value[key]) end
              end
            end
          end

          -- Objects give their methods by name alone, so every name that is known at all is tried.
          local tried = { "json", "queries", "chunks", "forward", "write", "read", "close", "body", "method", "target", "path", "query", "headers",
            "params", "peer", "id", "version", "status", "tap", "set_json", "content", "request", "number", "stdout", "stderr", "out", "task", "vm",
            "__index", "__newindex", "__metatable", "__gc", "__close", "__name", "__tostring", "__pairs", "__call", "__len", "__eq" }
          for _, line in ipairs(lines) do tried[#tried + 1] = line:match("([%w_]+) %w+$") end
          local function object(name, value)
            show(name, value)
            visit(name .. " metatable", getmetatable(value))
            local known = {}
            for _, key in ipairs(tried) do known[key] = true end
            local keys = {}
            for key in pairs(known) do keys[#keys + 1] = key end
            table.sort(keys)
            for _, key in ipairs(keys) do
              local ok, member = pcall(function() return value[key] end)
              if ok and member ~= nil then show(name .. "." .. key, member) end
            end
          end
          object("req", req)
          object("string", "text")
          object("array", json.array())
          object("number", json.decode("18446744073709551616"))
          object("null", json.null)
          object("frames", docker.stream({}))
          object("forwarded", req:forward())
          object("error", select(2, pcall(req.json, req)))
          object("chunks", (req:chunks()))
          return { body = function(out)
            object("out", out)
            while first <= last do
              show(queue[first][1], queue[first][2])
              first = first + 1
            end
            out:write(table.concat(lines, "\\n"), "\\n")
          end }
        end
        """

    @Test func everythingThatAScriptCanReachIsNamed() throws {
        let fixture = try ScriptFixture(SandboxTests.walk)
        #expect(fixture.answer() == "function, streamed")
        let path = SandboxTests.list
        if getenv("DOGGER_WRITE_REACHABLE") != nil {
            let file = try #require(fopen(path, "w"))
            fputs(fixture.written, file)
            fclose(file)
        }
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let expected = String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
        let reached = Set(fixture.written.split(separator: "\n")), allowed = Set(expected.split(separator: "\n"))
        #expect(reached.subtracting(allowed).sorted() == [], "a script can reach what \(path) doesn't name")
        #expect(allowed.subtracting(reached).sorted() == [], "\(path) names what is gone")
    }

    private static let list = "\(#filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined())/reachable-globals.txt"

    /// What one request writes, wherever it can, another does not see.
    @Test(arguments: [
        "x = SECRET", "_G.x = SECRET", "_ENV.x = SECRET", "rawset(_G, 'x', SECRET)", "string.x = SECRET", "rawset(string, 'x', SECRET)",
        "local _, t = pairs(string) t.x = SECRET", "local _, t = pairs(_G) rawset(t, 'x', SECRET)", "table.insert(table, SECRET)",
        "getmetatable('').x = SECRET", "('').x = SECRET", "require('dogger').x = SECRET", "require('dogger.json').x = SECRET",
        "require('dogger.docker').x = SECRET", "require('dogger.store').x = SECRET", "require('dogger.docker').stream({}).__index.x = SECRET",
        "getmetatable(require('dogger.json').array()).x = SECRET", "require('dogger.json').array().x = SECRET", "req.x = SECRET",
        "req.headers.x = SECRET", "req:forward().x = SECRET", "rawset(req:forward(), 'x', SECRET)", "setmetatable(req, { x = SECRET })",
        "setmetatable(_G, { __index = { x = SECRET } })", "local _ENV = { x = SECRET } x = SECRET", "load('x = SECRET', 'c', 't', { SECRET = SECRET })()",
        "load('x = ...')(SECRET)", "error({ message = SECRET })", "select(2, pcall(req.json, req)).x = SECRET", "math.random = SECRET",
    ])
    func requestsDoNotSeeEachOthersWrites(_ write: String) throws {
        let fixture = try ScriptFixture("""
            local function look(value)
              local ok, found = pcall(function() return value.x end)
              return ok and found == 'secret'
            end
            return function(req)
              if req.path == '/write' then
                local SECRET = 'secret'
                \(write)
                return 'written'
              end
              local json = require 'dogger.json'
              local docker, store = require 'dogger.docker', require 'dogger.store'
              local places = { _G, _ENV, string, table, math, '', require 'dogger', json, docker, store, json.array(), req, req.headers, req:forward(),
                docker.stream({}), select(2, pcall(req.json, req)) }
              for i, place in ipairs(places) do
                if look(place) then return 'seen in place ' .. i end
                if type(place) == 'table' then
                  for k, v in pairs(place) do if k == 'x' or v == 'secret' then return 'seen in place ' .. i end end
                end
              end
              if type(math.random) ~= 'function' then return 'changed' end
              return 'clean'
            end
            """)
        #expect(fixture.answer() == "clean")
        for _ in 1...2 {
            _ = fixture.answer("/write")
            #expect(fixture.answer() == "clean")
        }
    }
}
