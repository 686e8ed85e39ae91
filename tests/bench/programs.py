"""programs.py - whole programs as benchmarks: what is run, and one measured run."""
import hashlib
import os
import re
import subprocess
import tempfile

import modules

HERE = os.path.dirname(os.path.abspath(__file__))
CONTENDERS = ["ours", "v8", "liftoff", "gcc", "clang"]

# Name, program, arguments, standard input: a file of programs/, or what inputs() makes. NAME-bulk
# is built with -mbulk-memory, natively it is NAME. Programs of npm (modules.py) have no native
# build: their outputs must agree with V8's. (Not Ruby: node's WASI aborts in it without a word.)
WORKLOADS = [
    ("sqlite", "sqlite3", ["--size", "8", "--verify", "--memdb"], None),
    ("sqlite-bulk", "sqlite3-bulk", ["--size", "8", "--verify", "--memdb"], None),
    ("zstd-3", "zstd", ["-3", "-c"], "text4m"),
    ("zstd-9", "zstd", ["-9", "-c"], "text1m"),
    ("zstd-d", "zstd", ["-d", "-c"], "text4m.zst"),
    ("brotli-5", "brotli", ["-q", "5", "-c", "-"], "text1m"),
    ("brotli-d", "brotli", ["-d", "-c", "-"], "text4m.br"),
    ("bzip2", "bzip2", ["-c"], "text1m"),
    ("bzip2-d", "bzip2", ["-d", "-c"], "text1m.bz2"),
    ("jpeg", "cjpeg", ["-quality", "85"], "picture.ppm"),
    ("jpeg-d", "djpeg", ["-ppm"], "picture.jpg"),
    ("lua-calls", "lua5.4", ["-"], "calls.lua"),
    ("lua-tables", "lua5.4", ["-"], "tables.lua"),
    ("lua-strings", "lua5.4", ["-"], "strings.lua"),
    ("lua-numbers", "lua5.4", ["-"], "numbers.lua"),
    ("esbuild", "npm:esbuild", ["--minify", "--target=es2015"], "script.js"),
    ("python", "npm:python", ["-"], "work.py"),
]
SCRIPTS = (".lua", ".py")
NPM_ROUNDS = 2                  # TurboFan takes ten seconds for each before it begins
NODE_ATTEMPTS = 4               # node 20 aborts in one of five runs of esbuild, without a word


def picture(width, height):
    """A portable pixmap: waves, edges and noise, the same each time."""
    rows, noise = [], 1
    for y in range(height):
        row = bytearray()
        for x in range(width):
            noise = (noise * 1103515245 + 12345) & 0x7fffffff
            edge = 60 if (x // 37 + y // 23) & 1 else 0
            row += bytes(((x * y >> 9) + (noise >> 28) & 255, (x + edge) & 255,
                          (y * 2 + edge + (noise >> 27)) & 255))
        rows.append(bytes(row))
    return b"P6\n%d %d\n255\n" % (width, height) + b"".join(rows)


def javascript(functions):
    """A script with much of what the language has, for a minifier."""
    text = []
    for i in range(functions):
        text.append(f"""
// function number {i}
export function compute{i}(input, {{ scale = {i % 7}, label = "value {i}" }} = {{}}) {{
    const table = new Map(input.map((item, index) => [item.key ?? `key-${{index}}`, item]));
    let total = 0, names = [];
    for (const [name, {{ weight, ...rest }}] of table) {{
        if (weight === undefined || weight < {i % 5} && !rest.force) continue;
        total += weight ** 2 * scale - Math.max({i}, rest.offset || 0);
        names.push(`${{label}}: ${{name}}`);
    }}
    class Result{i} extends Array {{
        #sum = total;
        get sum() {{ return this.#sum; }}
        static of(...items) {{ return items.reduce((a, b) => a.concat(b), []); }}
    }}
    switch (names.length) {{
        case 0: return null;
        case 1: return names[0].replace(/[a-z]+-(\\d+)/gi, "$1");
        default: return Object.assign(new Result{i}(), {{ names, async wait() {{ await 0; }} }});
    }}
}}""")
    return "\n".join(text).encode()


def make_input(path, make):
    """The file at path, if it is not there: whole or not at all, for runs are interrupted."""
    if not os.path.exists(path):
        with open(path + ".new", "wb") as f:
            f.write(make())
        os.rename(path + ".new", path)


def inputs(d):
    """Makes the input files under d: pieces of sqlite's source, the same compressed, a picture."""
    def text(size):
        with open(f"{d}/sources/sqlite3.amalgamation/sqlite3.c", "rb") as f:
            return f.read(size)

    def piped(program, args, source):
        with open(f"{d}/programs/{source}", "rb") as f:
            return subprocess.run([f"{d}/programs/{program}.gcc"] + args, stdin=f,
                                  stdout=subprocess.PIPE, check=True).stdout

    for name, make in (
            ("text1m", lambda: text(1 << 20)),
            ("text4m", lambda: text(4 << 20)),
            ("picture.ppm", lambda: picture(2000, 1500)),
            ("script.js", lambda: javascript(400)),
            ("text4m.zst", lambda: piped("zstd", ["-9", "-c"], "text4m")),
            ("text4m.br", lambda: piped("brotli", ["-q", "7", "-c", "-"], "text4m")),
            ("text1m.bz2", lambda: piped("bzip2", ["-c"], "text1m")),
            ("picture.jpg", lambda: piped("cjpeg", ["-quality", "85"], "picture.ppm"))):
        make_input(f"{d}/programs/{name}", make)


def command(who, d, program, args, v8, liftoff):
    """The command line, or None if this contender has no such program."""
    if program.startswith("npm:"):
        wasm, native = modules.path(d, program[4:]), None
    else:
        wasm = f"{d}/programs/{program}.wasm"
        native = f"{d}/programs/{program.removesuffix('-bulk')}.{who}"
    if who == "ours":
        return [f"{d}/program", wasm] + args if wasm else None
    if who in ("v8", "liftoff"):
        return (["node", "--no-warnings"] + (v8 if who == "v8" else liftoff)
                + [f"{HERE}/program.js", wasm] + args) if wasm else None
    return [native] + args if native else None


class Aborted(RuntimeError):
    """A program ended by a signal before its times were written."""


def run(cmd, stdin, native):
    """(seconds, seconds of compilation, hash of the output) of one run; raises RuntimeError."""
    with open(stdin or "/dev/null", "rb") as f, tempfile.TemporaryFile() as out, \
            tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as times:
        def pass_times():
            os.dup2(times.fileno(), 3)
        p = subprocess.Popen(cmd, stdin=f, stdout=out, stderr=err, close_fds=False,
                             preexec_fn=pass_times)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
        times.seek(0)
        ns = times.read().split()
        # node 20 may crash on its way out, after the program's end
        if p.returncode > 0 or (p.returncode and not ns) or not (native or ns):
            err.seek(0)
            text = err.read().decode("utf-8", "replace").strip().split("\n")[0][:120]
            if p.returncode < 0:
                raise Aborted(text or f"ended by signal {-p.returncode}")
            raise RuntimeError(text or f"exit status {p.returncode}")
    text = re.sub(rb"\d+\.\d+s", b"", text)         # speedtest1 prints its times
    digest = hashlib.sha256(text).hexdigest()[:16]
    if native:
        return usage.ru_utime + usage.ru_stime, 0, digest
    return int(ns[0]) / 1e9, int(ns[1]) / 1e9, digest


def run_node(cmd, stdin):
    """run(), again if node itself aborts: what is measured is the program."""
    for left in range(NODE_ATTEMPTS)[::-1]:
        try:
            return run(cmd, stdin, False)
        except Aborted:
            if not left:
                raise


def measure(d, workload, who, rounds, v8, liftoff):
    """{contender: [seconds]} for one workload, and what went wrong."""
    name, program, args, stdin = workload
    npm = program.startswith("npm:")
    if stdin:
        stdin = f"{HERE}/programs/{stdin}" if stdin.endswith(SCRIPTS) else f"{d}/programs/{stdin}"
    commands = {w: command(w, d, program, args, v8, liftoff) for w in who if w in CONTENDERS}
    times, digests, wrong = {}, {}, []
    if not commands["ours"]:
        return {}, ["not here: npm could not fetch it"]
    for _ in range(min(rounds, NPM_ROUNDS) if npm else rounds):
        for w, cmd in commands.items():
            if not cmd or any(x.startswith(w + ":") for x in wrong):
                continue
            try:
                t, _, digests[w] = run_node(cmd, stdin) if w in ("v8", "liftoff") else \
                    run(cmd, stdin, w != "ours")
                times.setdefault(w, []).append(t)
            except (RuntimeError, OSError) as e:
                wrong.append(f"{w}: {e}")
                times.pop(w, None)
    judge = "v8" if npm else "gcc"
    for w in list(times):
        if digests[w] != digests.get(judge, digests[w]):
            wrong.append(f"{w}: output differs from {judge}'s")
            del times[w]
    return times, wrong
