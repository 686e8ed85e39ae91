-- calls.lua: recursion, closures, method calls, variable arguments; no coroutines, for the wasm build
-- has no exceptions
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(26))

local function counter()
    local c = 0
    return function(d) c = c + d return c end
end
local f, total = counter(), 0
for i = 1, 300000 do total = total + f(i % 3) end
print(total)

local Point = {}
Point.__index = Point
function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end
function Point:add(o) return Point.new(self.x + o.x, self.y + o.y) end
local p = Point.new(0, 0)
for i = 1, 200000 do p = p:add(Point.new(i, -i)) end
print(p.x, p.y)

local t = {}
for i = 1, 100000 do t[i % 10 + 1] = select(i % 3 + 1, i, 2 * i, 3 * i) end
print(t[1], t[5], pcall == nil, math.max(table.unpack(t)))
