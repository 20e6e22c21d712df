---@meta dogger.store

---@class dogger.store
local store = {}

---The value of a key.
---
---Errors: those of the store itself.
---@param key string 1 to 1024 bytes
---@return any # `nil` where there is none, or it has expired; JSON's null is `json.null`
function store.get(key) end

---Stores a value in the place of the one that was there. When it returns, the value is safe: a crash of the script, the worker or
---dogger does not lose it, and with `--store` a power cut does not either.
---
---Errors: a value that can't be stored, `nil` among them; those of the store itself.
---@param key string 1 to 1024 bytes
---@param value any a string of any bytes, or what `json.encode` takes
---@param options? { ttl?: number } after how many seconds the key is gone; without it the key stays
function store.set(key, value, options) end

---Takes a key away.
---
---Errors: those of the store itself.
---@param key string 1 to 1024 bytes
---@return boolean # whether it was there
function store.delete(key) end

---Changes a value by a function of the old one, so that nobody changes it in between. The function gets `nil` where there is none.
---What it returns is stored; where that is `nil`, the key is taken away. When the key expires stays as it was.
---
---The function can't wait. It is called once more where another process on the same file was quicker; so it should only compute.
---
---Errors: those of the function, and then nothing is changed; as `store.set`; the function itself writes to the same key.
---@generic T
---@param key string 1 to 1024 bytes
---@param change fun(old: any): T
---@return T # what the function returned
function store.update(key, change) end

---Adds to an integer, so that nobody changes it in between. Where there is none, it counts from 0. When the key expires stays as it
---was.
---
---Errors: the value, or the sum, is not an integer of 64 bits; those of the store itself.
---@param key string 1 to 1024 bytes
---@param by? integer 1 where it is left out
---@return integer # the sum
function store.incr(key, by) end

---The keys that begin with a prefix, in the order of their bytes.
---
---Errors: those of the store itself.
---@param prefix? string all keys where it is left out
---@return string[]
function store.keys(prefix) end

return store
