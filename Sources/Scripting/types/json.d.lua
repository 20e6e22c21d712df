---@meta dogger.json

---@class dogger.json
---@field null userdata JSON's null. It counts as true in a condition: compare with `== json.null`
local json = {}

---Writes a value as JSON.
---
---Errors: `nil`, functions, userdata, tables that are neither a list nor all names, infinity, not-a-number, strings that are not
---UTF-8; the message names the place in the value.
---@param value any
---@param options? { indent?: integer } the number of spaces a level, 0 to 16; 0 writes everything on one line, and is the default
---@return string
function json.encode(value, options) end

---Reads JSON. Whatever follows the value but white space is an error.
---
---Errors: what is not JSON, with the offset of the fault in bytes, counted from 0, and its line and column, counted from 1.
---@param text string
---@return any
function json.decode(text) end

---Marks a table as an array, so that it is written as `[]` even when it is empty.
---@generic T: table
---@param list? T a new table where it is left out
---@return T
function json.array(list) end

---Whether `json.encode` writes the value as an array.
---@param value any
---@return boolean
function json.is_array(value) end

return json
