import Store
import Testing

@testable import Scripting

/// require "dogger.store", as scripts use it.
@Suite struct StoreCallsTests {
    /// What a handler whose text is this function's body answers.
    private func run(_ body: String, limit: Int = 1 << 20) throws -> String {
        var options = ScriptingOptions()
        options.store = Store(limit: limit)
        let site = try Site(["h.lua": """
            local store, json, dogger = require "dogger.store", require "dogger.json", require "dogger" return function(req) \(body) end
            """], options)
        return try site.body()
    }

    @Test(arguments: [
        ("return tostring(store.get('a'))", "nil"),
        ("store.set('a', 'x\\0\\255') return store.get('a')", "x\0\u{FFFD}"),
        ("store.set('a', '') return #store.get('a') .. type(store.get('a'))", "0string"),
        ("store.set('a', 1) return math.type(store.get('a'))", "integer"),
        ("store.set('a', 1.0) return math.type(store.get('a'))", "float"),
        ("store.set('a', '1') return type(store.get('a'))", "string"),
        ("store.set('a', false) return tostring(store.get('a'))", "false"),
        ("store.set('a', json.null) return tostring(store.get('a') == json.null)", "true"),
        ("store.set('a', json.decode('18446744073709551616')) return tostring(store.get('a'))", "18446744073709551616"),
        ("store.set('a', { b = json.array(), c = {}, d = { 1, json.null } }) return json.encode(store.get('a').b) .. json.encode(store.get('a').c) .. json.encode(store.get('a').d)", "[]{}[1,null]"),
        ("local t = { 1 } store.set('a', t) t[1] = 2 return store.get('a')[1] .. ''", "1"),
        ("store.set('a', 1) return tostring(store.delete('a')) .. tostring(store.delete('a'))", "truefalse"),
        ("return store.incr('n') .. store.incr('n', 40) .. store.incr('n', -1)", "14140"),
        ("store.set('n', math.maxinteger) return (select(2, pcall(store.incr, 'n')))", "DIR/h.lua:1: store.incr: the sum is not an integer of 64 bits"),
        ("store.set('n', 'x') return (select(2, pcall(store.incr, 'n')))", "DIR/h.lua:1: store.incr: the value is not an integer of 64 bits"),
        ("store.set('b/1', 1) store.set('b/2', 1) store.set('a', 1) return table.concat(store.keys(), ' ') .. '|' .. table.concat(store.keys('b/'), ' ')", "a b/1 b/2|b/1 b/2"),
        ("return json.encode(store.keys('none'))", "[]"),
        ("return json.encode(store.update('a', function(old) assert(old == nil) return { 1 } end)) .. json.encode(store.get('a'))", "[1][1]"),
        ("store.set('a', 1) return tostring(store.update('a', function(old) assert(old == 1) return nil end)) .. tostring(store.get('a'))", "nilnil"),
        ("store.set('a', 'x\\255') return tostring(store.update('a', function(old) assert(old == 'x\\255') return old .. 'y' end) == 'x\\255y')", "true"),
        ("store.set('a', 1) return tostring(pcall(store.update, 'a', error)) .. store.get('a')", "false1"),
        ("return store.update('a', function() return store.update('b', function() return 1 end) + 1 end) .. '' .. store.get('b')", "21"),
        ("store.set('a', 1, { ttl = 1000 }) return store.get('a') .. ''", "1"),
        ("local n = 0 for i = 1, 2000 do store.set('k' .. i, i) end for i, k in ipairs(store.keys 'k') do n = n + store.get(k) end return n .. ''", "2001000"),
        ("local co = coroutine.wrap(function() store.set('a', 1) return store.incr('a') end) return co() .. ''", "2"),
    ])
    func values(_ body: String, _ expected: String) throws {
        #expect(try run(body) == expected)
    }

    @Test(arguments: [
        ("store.get()", "store.get: the key is no value, not a string"),
        ("store.get(1)", "store.get: the key is number, not a string"),
        ("store.set('', 1)", "store.set: the key has 0 bytes; it may have 1 to 1024"),
        ("store.incr(('x'):rep(1025))", "store.incr: the key has 1025 bytes; it may have 1 to 1024"),
        ("store.set('a')", "store.set: the value is nil: store.delete(key) takes a key away, and JSON's null is json.null"),
        ("store.set('a', { b = print })", "can't encode .b: a function"),
        ("store.set('a', { '\\255' })", "can't encode [1]: a string that isn't UTF-8"),
        ("store.set('a', 1, 60)", "store.set: the options are number, not a table such as { ttl = 60 }"),
        ("store.set('a', 1, { tll = 60 })", "store.set: unknown option tll; there is ttl"),
        ("store.set('a', 1, { ttl = 0 })", "store.set: ttl is a number of seconds, more than 0"),
        ("store.set('a', 1, { ttl = 0/0 })", "store.set: ttl is a number of seconds, more than 0"),
        ("store.set('a', 1, { ttl = '5' })", "store.set: ttl is a number of seconds, more than 0"),
        ("store.update('a')", "store.update: the second argument is no value, not a function of the value"),
        ("store.update('a', function() return print end)", "can't encode the value: a function"),
        ("store.update('a', function() dogger.sleep(1) end)", "this has to wait, and nothing can wait here: "),
        ("store.update('a', function() return coroutine.wrap(dogger.sleep)(1) end)", "this has to wait, and nothing can wait here: "),
        ("local n = 0 store.update('a', function() n = n + 1 store.set('a', n) return 0 end)", "store.update: the value changed 100 times while the function ran: "),
        ("store.set('a', ('x'):rep(2 << 20))", "the store is full: what it holds may take 1 MiB, and --store-limit raises that"),
    ])
    func faults(_ body: String, _ message: String) throws {
        let answer = try run(body)
        #expect(answer.hasPrefix("{\"message\":\"DIR/h.lua:1: \(message)"), "\(answer)")
    }

    @Test func aScriptThatIsStoppedInAnUpdateChangesNothing() throws {
        var options = ScriptingOptions()
        options.limits.scriptTimeout = 500_000_000      // to fill the memory takes a while with a sanitizer
        options.limits.memory = 4 << 20
        let site = try Site(["h.lua": """
            local store = require "dogger.store"
            store.set("a", 1)
            return function(req)
              if req.path == "/loop" then store.update("a", function() while true do end end) end
              if req.path == "/hoard" then store.update("a", function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end) end
              return store.incr("a") .. ""
            end
            """], options)
        #expect(try site.ask("GET /loop").contains("h.lua:4: stopped after 0.5 s of CPU"))
        #expect(try site.ask("GET /hoard").contains("h.lua:5: stopped at 4 MiB of memory"))
        #expect(try site.body() == "2")
    }

    @Test func valuesOutliveAVersion() throws {
        let text = "local store = require 'dogger.store' local n = store.incr('loaded') return function() return n .. store.incr('asked') end"
        let site = try Site(["h.lua": text])
        #expect(try site.body() == "11")
        site.reloader.reload()
        #expect(try site.body() == "22")
    }

    @Test func aValueThatIsTooLargeForTheVM() throws {
        var options = ScriptingOptions()
        options.limits.memory = 4 << 20
        let site = try Site(["h.lua": """
            local store = require "dogger.store"
            return function(req)
              if req.path == "/get" then return store.get("a") end
              if req.path == "/keys" then return #store.keys() .. "" end
              store.set("a", req.body)
              return "set"
            end
            """], options)
        try options.store.set(key: "a", String(repeating: "x", count: 8 << 20))
        #expect(try site.ask("GET /get").contains("h.lua:3: stopped at 4 MiB of memory"))
        #expect(try site.body("GET /keys") == "1")
    }
}

extension Store {
    fileprivate func set(key: String, _ value: String) throws {
        try Array(key.utf8).withUnsafeBytes { key in
            try Array(value.utf8).withUnsafeBytes { try set(key, .string($0)) }
        }
    }
}
