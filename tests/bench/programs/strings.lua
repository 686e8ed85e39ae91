-- strings.lua: concatenation, patterns, formatting, words counted
local parts = {}
for i = 1, 20000 do parts[#parts + 1] = string.format("%d:%s;%05.2f", i, ("ab"):rep(i % 7), i / 3) end
local text = table.concat(parts, ",")
print(#text)

local count = 0
for k, v in text:gmatch("(%d+):(%a*);") do count = count + #k + #v end
print(count)

local out = text:gsub("%d%d", function(s) return s:reverse() end)
print(#out, out:sub(1000, 1040))

local words = {}
for w in ("the quick brown fox jumps over the lazy dog "):rep(4000):gmatch("%a+") do
    words[w] = (words[w] or 0) + 1
end
print(words.the, words.fox)

local h = 0
for i = 1, #text do h = (h * 31 + text:byte(i)) % 4294967291 end
print(h, text:find("19999:", 1, true), text:upper():lower() == text)
