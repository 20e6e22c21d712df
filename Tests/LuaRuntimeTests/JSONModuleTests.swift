import CDogger
import CLua
import Testing

@Test func compiles() {
    let L = luaL_newstate()!
    luaL_openlibs(L)
    lua_pushcclosure(L, dg_open_json, 0)
    #expect(lua_pcallk(L, 0, 1, 0, 0, nil) == 0)
    lua_close(L)
}
