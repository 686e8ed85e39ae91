-- tables.lua: arrays, hashes, sorting, a sieve, queens
local seed = 42
local function random(n)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % n
end

local a = {}
for i = 1, 40000 do a[i] = random(100000) end
table.sort(a)
print(a[1], a[20000], a[40000])

local h = {}
for i = 1, 200000 do
    local k = random(5000)
    h[k] = (h[k] or 0) + i
end
local x = 0
for k, v in pairs(h) do x = (x + k * v) % 1000003 end
print(x)

local sieve, count = {}, 0
for i = 2, 200000 do sieve[i] = true end
for i = 2, 200000 do
    if sieve[i] then
        count = count + 1
        for j = i * i, 200000, i do sieve[j] = false end
    end
end
print(count)

local function queens(n, row, cols, d1, d2)
    if row > n then return 1 end
    local c = 0
    for i = 1, n do
        if not (cols[i] or d1[row + i] or d2[row - i]) then
            cols[i], d1[row + i], d2[row - i] = true, true, true
            c = c + queens(n, row + 1, cols, d1, d2)
            cols[i], d1[row + i], d2[row - i] = nil, nil, nil
        end
    end
    return c
end
print(queens(7, 1, {}, {}, {}))
