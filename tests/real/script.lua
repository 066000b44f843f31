-- closures, coroutines, tables, strings and patterns, floats, files, errors, garbage
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
print("fib", fib(18), _VERSION)
local primes, sieve = {}, {}
for i = 2, 1000 do
	if not sieve[i] then
		primes[#primes + 1] = i
		for j = i * i, 1000, i do sieve[j] = true end
	end
end
print("primes", #primes, primes[#primes], table.concat(primes, ",", 1, 10))
local co = coroutine.wrap(function() for i = 1, 4 do coroutine.yield(i * i) end return "done" end)
print(co(), co(), co(), co(), co())
print(("the quick brown fox"):gsub("%w+", function(w) return w:upper():reverse() end))
print(string.format("%.14g %a %5.3e %q", math.pi, 0.1, 1e300 * 10, "a\nb"), 7 // 2, -7 % 3, 2 ^ 0.5, 1 << 62, 1e308 * 10, math.tointeger(3.0))
local words = {}
for w in ("delta alpha charlie bravo echo"):gmatch("%a+") do words[#words + 1] = w end
table.sort(words, function(a, b) return a > b end)
print(table.unpack(words))
local f = assert(io.open("out.txt", "w"))
for i = 1, 500 do f:write(i, " ", math.sqrt(i), "\n") end
f:close()
local sum, lines = 0, 0
for line in io.lines("out.txt") do
	sum = sum + tonumber(line:match("%s(.*)"))
	lines = lines + 1
end
print(lines, sum, os.rename("out.txt", "moved.txt"), os.remove("moved.txt"), io.open("moved.txt"))
print(pcall(error, { code = 1 }) == false, select(2, pcall(function() local x = nil; return x.y end)))
local t = setmetatable({}, { __index = function(_, k) return k .. "!" end, __add = function(a, b) return "sum" end })
print(t.hello, t + t)
for _ = 1, 20 do local garbage = {} for i = 1, 2000 do garbage[i] = { i, tostring(i) } end end
collectgarbage()
print(collectgarbage("count") < 2000, utf8.char(0x20ac, 0x1f600), ("x"):rep(3, "-"), string.pack("<i4z", 77, "hi"):byte(1, -1))
for line in io.lines() do print("in:", line) end
os.exit(7)
