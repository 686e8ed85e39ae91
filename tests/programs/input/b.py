"""b.py - for Python under wasmrun: numbers, sorting, text, hashes, classes, errors."""
import json, re, hashlib, random, time, zlib, decimal, collections, math
def fib(n): return n if n<2 else fib(n-1)+fib(n-2)
print(fib(22))
random.seed(5); a=[random.random() for _ in range(60000)]; a.sort(); print(a[0], a[-1], sum(a))
d=collections.Counter(re.findall(r"\w+", "the quick brown fox jumps over the lazy dog "*3000))
print(d.most_common(3))
s=json.dumps([{"k%d"%i: [i, i*1.5, None, "x"*(i%7)]} for i in range(4000)])
print(len(s), hashlib.sha256(s.encode()).hexdigest(), len(json.loads(s)))
print(hashlib.md5(zlib.compress(s.encode(), 6)).hexdigest() if hasattr(zlib,'compress') else '')
decimal.getcontext().prec=60
print(decimal.Decimal(2).sqrt()); print(3**2000 % 10**40, math.factorial(400) % (10**9+7))
class P:
    def __init__(s,x): s.x=x
    def __lt__(s,o): return s.x<o.x
print([p.x for p in sorted(P((i*7919)%1009) for i in range(2000))][:5])
try: [][1]
except IndexError as e: print("caught", e)
n=[[sum(i*k for k in range(20)) for i in range(60)] for j in range(30)]; print(sum(map(sum,n)))
