# work.py - a little of everything that interpreters do: objects, dicts, strings, numbers, sorting
import hashlib
import json
import re


class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right

    def sum(self):
        return self.value + sum(n.sum() for n in (self.left, self.right) if n)


def tree(depth):
    return Node(depth, tree(depth - 1), tree(depth - 1)) if depth else Node(1)


def primes(n):
    sieve = bytearray([1]) * n
    for i in range(2, int(n ** 0.5) + 1):
        if sieve[i]:
            sieve[i * i::i] = bytes(len(range(i * i, n, i)))
    return sum(sieve) - 2


words = [f"word{i * 7919 % 1000}" for i in range(30000)]
count = {}
for w in words:
    count[w] = count.get(w, 0) + 1
print(tree(13).sum(), primes(300000), sorted(count.items(), key=lambda x: (-x[1], x[0]))[:3])
text = json.dumps([{"name": w, "size": len(w), "half": i / 2} for i, w in enumerate(words[:4000])])
print(len(json.loads(text)), len(re.findall(r'"name": "(word\d+7)"', text)))
print(hashlib.sha256(text.encode()).hexdigest(), sum(i * i % 7 for i in range(200000)))
print(str(3 ** 5000)[:20], f"{sum(1 / (i * i) for i in range(1, 100000)):.9f}")
