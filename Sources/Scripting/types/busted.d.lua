---@meta _

-- What files of tests have besides: the names of busted and luassert. Handlers don't have them.

---A block of tests. It is run at once; the tests in it are run later.
---@param name string
---@param block fun()
function describe(name, block) end

context = describe

---A block in which what is required is so for it alone: its tests get modules of their own.
---@param name string | fun() may be left out
---@param block? fun()
function insulate(name, block) end

---@param name string
---@param block fun()
function expose(name, block) end

---A test.
---@param name string
---@param body async fun()
function it(name, body) end

test = it

---A test that is still to be written; inside a test: ends it as such.
---@param name? string
---@param body? fun()
function pending(name, body) end

---In a test: runs at its end, however it ends.
---@param body async fun()
function finally(body) end

---Runs before each test of the block, and of those in it.
---@param body async fun()
function before_each(body) end

---Runs after each test of the block, and of those in it, also where it failed.
---@param body async fun()
function after_each(body) end

---Runs once, before the block's first test.
---@param body async fun()
function setup(body) end

---Runs once, after the block's last test.
---@param body async fun()
function teardown(body) end

lazy_setup, strict_setup, lazy_teardown, strict_teardown = setup, setup, teardown, teardown

---@class dogger.SpyCall
---@field vals any[] the arguments, as they were then
---@field refs any[] the arguments themselves
---@field returnvals? any[] what it returned, as it was then; nil where it raised an error
---@field returnrefs? any[] what it returned

---A function that remembers how it was called.
---@class dogger.Spy
---@field calls dogger.SpyCall[] in their order
---@field target function what it calls
---@overload fun(...): any
local Spy = {}

---Forgets the calls.
---@return self
function Spy:clear() end

---Puts back what it stands in the place of. The end of the test does so at the latest.
function Spy:revert() end

---What it returns from now on.
---@param ... any
---@return self
function Spy:returns(...) end

---What it does from now on.
---@param f function
---@return self
function Spy:invokes(f) end

---@class dogger.Spies
---@overload fun(f?: function): dogger.Spy
spy = {}

---A function that calls another, and remembers. `spy(f)` is the same.
---
---Errors: what is no function.
---@param f? function
---@return dogger.Spy
function spy.new(f) end

---The same in the place of a function in a table.
---
---Errors: where the table has no function there, or can't be changed.
---@param container table
---@param name any
---@return dogger.Spy
function spy.on(container, name) end

---Whether a value is a spy, a stub too.
---@param value any
---@return boolean
function spy.is_spy(value) end

---@class dogger.Stubs
---@overload fun(container?: table, name?: any, ...: any): dogger.Spy
stub = {}

---In the place of a function in a table: it does not call what was there, and returns the values. `stub(container, name, ...)` is the
---same; without a table, it stands in the place of nothing.
---
---Errors: where something else than a function is there, or the table can't be changed.
---@param container? table
---@param name? any
---@param ... any the values
---@return dogger.Spy
function stub.new(container, name, ...) end

---@class dogger.Mocks
---@overload fun(container: table, stubs?: boolean, ...: any): table
mock = {}

---Spies in the place of all functions of a table, and of the tables in it; or stubs, which return the values. `mock(container, ...)`
---is the same.
---
---Errors: where the table can't be changed.
---@param container table
---@param stubs? boolean
---@param ... any the values
---@return table # the same table
function mock.new(container, stubs, ...) end

---Forgets the calls of all spies in a table.
---@param container table
---@return table # the same table
function mock.clear(container) end

---Puts back what the spies in a table stand in the place of.
---@param container table
---@return table # the same table
function mock.revert(container) end

---What stands in the place of a value in assert.same, called_with and returned_with.
---@class dogger.Matcher

---@alias dogger.Unary fun(): dogger.Matcher
---@alias dogger.Binary fun(expected: any): dogger.Matcher
---@alias dogger.Several fun(...: dogger.Matcher): dogger.Matcher

---@class dogger.Match
---@field _ dogger.Matcher anything
---@field is dogger.Match
---@field is_not dogger.Match
---@field is_true dogger.Unary
---@field is_false dogger.Unary
---@field is_nil dogger.Unary
---@field truthy dogger.Unary
---@field is_truthy dogger.Unary
---@field falsy dogger.Unary
---@field is_falsy dogger.Unary
---@field is_string dogger.Unary
---@field is_number dogger.Unary
---@field is_boolean dogger.Unary
---@field is_table dogger.Unary
---@field is_function dogger.Unary
---@field is_userdata dogger.Unary
---@field is_thread dogger.Unary
---@field is_not_nil dogger.Unary
---@field equal dogger.Binary
---@field is_equal dogger.Binary
---@field is_not_equal dogger.Binary
---@field same dogger.Binary
---@field is_same dogger.Binary
---@field is_not_same dogger.Binary
---@field is_ref dogger.Binary
---@field near fun(expected: number, tolerance: number): dogger.Matcher
---@field is_near fun(expected: number, tolerance: number): dogger.Matcher
---@field matches fun(pattern: string, init?: integer, plain?: boolean): dogger.Matcher
---@field has_match fun(pattern: string, init?: integer, plain?: boolean): dogger.Matcher
---@field is_any_of dogger.Several
---@field is_all_of dogger.Several
---@field is_none_of dogger.Several
match = {}

---@param value any
---@return boolean
function match.is_matcher(value) end

---@alias dogger.OneChecked fun(value: any, words?: string): any
---@alias dogger.TwoChecked fun(expected: any, actual: any, words?: string): any
---@alias dogger.ErrorChecked fun(f: function, expected?: any, words?: string): any

---What follows assert.spy(s).
---@class dogger.SpyAssert
---@field was dogger.SpyAssert
---@field was_not dogger.SpyAssert
---@field has dogger.SpyAssert
---@field is dogger.SpyAssert
---@field is_not dogger.SpyAssert
---@field called fun(times?: integer)
---@field was_called fun(times?: integer)
---@field was_not_called fun()
---@field called_at_least fun(times?: integer)
---@field called_at_most fun(times?: integer)
---@field called_more_than fun(times?: integer)
---@field called_less_than fun(times?: integer)
---@field called_with fun(...: any)
---@field was_called_with fun(...: any)
---@field was_not_called_with fun(...: any)
---@field returned_with fun(...: any)

---The assertions, with what is expected in front.
---@class dogger.Assert
---@field is dogger.Assert
---@field is_not dogger.Assert
---@field are dogger.Assert
---@field are_not dogger.Assert
---@field has dogger.Assert
---@field has_no dogger.Assert
---@field does dogger.Assert
---@field does_not dogger.Assert
---@field was dogger.Assert
---@field was_not dogger.Assert
---@field equal dogger.TwoChecked
---@field equals dogger.TwoChecked
---@field is_equal dogger.TwoChecked
---@field not_equal dogger.TwoChecked
---@field is_not_equal dogger.TwoChecked
---@field same dogger.TwoChecked
---@field is_same dogger.TwoChecked
---@field not_same dogger.TwoChecked
---@field is_not_same dogger.TwoChecked
---@field is_true dogger.OneChecked
---@field is_false dogger.OneChecked
---@field is_nil dogger.OneChecked
---@field is_not_nil dogger.OneChecked
---@field truthy dogger.OneChecked
---@field is_truthy dogger.OneChecked
---@field falsy dogger.OneChecked
---@field is_falsy dogger.OneChecked
---@field is_string dogger.OneChecked
---@field is_number dogger.OneChecked
---@field is_boolean dogger.OneChecked
---@field is_table dogger.OneChecked
---@field is_function dogger.OneChecked
---@field is_userdata dogger.OneChecked
---@field is_thread dogger.OneChecked
---@field near fun(expected: number, actual: any, tolerance: number, words?: string): any
---@field is_near fun(expected: number, actual: any, tolerance: number, words?: string): any
---@field matches fun(pattern: string, text: any, init?: integer | string, plain?: boolean, words?: string): any
---@field not_matches fun(pattern: string, text: any, init?: integer | string, plain?: boolean, words?: string): any
---@field does_not_match fun(pattern: string, text: any, init?: integer | string, plain?: boolean, words?: string): any
---@field has_error dogger.ErrorChecked
---@field has_no_error dogger.ErrorChecked
---@field errors dogger.ErrorChecked
---@field error_matches fun(f: function, pattern: string, words?: string): any
---@field spy fun(s: dogger.Spy): dogger.SpyAssert
---@field stub fun(s: dogger.Spy): dogger.SpyAssert
---@overload fun<T>(value?: T, words?: any, ...: any): T, any
assert = {}
