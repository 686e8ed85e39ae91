-- numbers.lua: floats and integers in loops, a spectral norm, matrices as tables, mandelbrot
local n = 60
local function a(i, j) return 1.0 / ((i + j - 1) * (i + j - 2) / 2 + i) end
local function times(x, y, swap)
    for i = 1, n do
        local s = 0.0
        for j = 1, n do s = s + (swap and a(j, i) or a(i, j)) * x[j] end
        y[i] = s
    end
end
local u, v, w = {}, {}, {}
for i = 1, n do u[i] = 1.0 end
for _ = 1, 10 do
    times(u, w) times(w, v, true)
    times(v, w) times(w, u, true)
    local k = u[1]
    for i = 1, n do u[i] = u[i] / k end
end
print(string.format("%.9f", u[2]))

local m, r = {}, {}
for i = 1, 60 do
    m[i], r[i] = {}, {}
    for j = 1, 60 do m[i][j] = i * j % 7 end
end
for i = 1, 60 do
    for j = 1, 60 do
        local s = 0
        for k = 1, 60 do s = s + m[i][k] * m[k][j] end
        r[i][j] = s
    end
end
print(r[30][30])

local inside = 0
for y = -20, 19 do
    for x = -40, 19 do
        local cr, ci, zr, zi, k = x / 20, y / 15, 0.0, 0.0, 0
        while k < 100 and zr * zr + zi * zi <= 4 do
            zr, zi, k = zr * zr - zi * zi + cr, 2 * zr * zi + ci, k + 1
        end
        inside = inside + k
    end
end
print(inside)

local x = 1
for i = 1, 500000 do x = (x ~ (x << 7 & 0xffffffff)) ~ (x >> 9) + i & 0xffffffff end
print(x)
