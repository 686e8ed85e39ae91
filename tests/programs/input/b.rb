def fib(n) n<2 ? n : fib(n-1)+fib(n-2) end
puts fib(20)
h=Hash.new(0); ("the quick brown fox "*2000).scan(/\w+/){|w| h[w]+=1}; p h.sort_by{|k,v|[-v,k]}.first(2)
a=(0...40000).map{|i| (i*7919)%10007}; puts a.sort.each_slice(1000).map(&:first).inspect
puts 3**500 % 10**30, Math.sqrt(2), 10.0/3, "%.5f" % 3.14159265
puts (1..300).inject(:*) % (10**9+7)
s=Struct.new(:a,:b); puts (0...20000).map{|i| s.new(i, i.to_s)}.map{|x| x.b.size}.sum
begin; [].fetch(3); rescue IndexError=>e; puts e.message; end
f=Fiber.new{3.times{|i| Fiber.yield i}; :done}; p 4.times.map{f.resume} rescue p $!.class
