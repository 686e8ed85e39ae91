"""programs.py - whole programs as benchmarks: what is run, and one measured run."""
import hashlib
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ["sqlite3", "zstd", "brotli", "bzip2", "lua5.4"]
CONTENDERS = ["ours", "v8", "liftoff", "gcc", "clang"]

# name, program, arguments, standard input: a file of programs/, or what inputs() makes
WORKLOADS = [
    ("sqlite", "sqlite3", ["--size", "8", "--verify", "--memdb"], None),
    ("zstd-3", "zstd", ["-3", "-c"], "text4m"),
    ("zstd-9", "zstd", ["-9", "-c"], "text1m"),
    ("zstd-d", "zstd", ["-d", "-c"], "text4m.zst"),
    ("brotli-5", "brotli", ["-q", "5", "-c", "-"], "text1m"),
    ("brotli-d", "brotli", ["-d", "-c", "-"], "text4m.br"),
    ("bzip2", "bzip2", ["-c"], "text1m"),
    ("bzip2-d", "bzip2", ["-d", "-c"], "text1m.bz2"),
    ("lua-calls", "lua5.4", ["-"], "calls.lua"),
    ("lua-tables", "lua5.4", ["-"], "tables.lua"),
    ("lua-strings", "lua5.4", ["-"], "strings.lua"),
    ("lua-numbers", "lua5.4", ["-"], "numbers.lua"),
]


def inputs(d):
    """Makes the input files under d: pieces of sqlite's source, and the same compressed."""
    source = f"{d}/sources/sqlite3.amalgamation/sqlite3.c"
    for name, size in (("text1m", 1 << 20), ("text4m", 4 << 20)):
        if not os.path.exists(f"{d}/programs/{name}"):
            with open(source, "rb") as f, open(f"{d}/programs/{name}", "wb") as g:
                g.write(f.read(size))
    for name, cmd in (("text4m.zst", ["zstd.gcc", "-9", "-c"]),
                      ("text4m.br", ["brotli.gcc", "-q", "7", "-c", "-"]),
                      ("text1m.bz2", ["bzip2.gcc", "-c"])):
        out, src = f"{d}/programs/{name}", f"{d}/programs/{name.split('.')[0]}"
        if not os.path.exists(out):
            with open(src, "rb") as f, open(out, "wb") as g:
                subprocess.run([f"{d}/programs/{cmd[0]}"] + cmd[1:], stdin=f, stdout=g, check=True)


def command(who, d, program, args, v8, liftoff, off=None):
    base = f"{d}/programs/{program}"
    if who == "ours":
        return [f"{d}/program"] + (["--off", off] if off else []) + [base + ".wasm"] + args
    if who in ("v8", "liftoff"):
        return (["node", "--no-warnings"] + (v8 if who == "v8" else liftoff)
                + [f"{HERE}/program.js", base + ".wasm"] + args)
    return [f"{base}.{who}"] + args


def run(cmd, stdin, native):
    """(seconds, seconds of compilation, hash of the output) of one run; raises RuntimeError."""
    with open(stdin or "/dev/null", "rb") as f, tempfile.TemporaryFile() as out, \
            tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as times:
        def pass_times():
            os.dup2(times.fileno(), 3)
        p = subprocess.Popen(cmd, stdin=f, stdout=out, stderr=err, close_fds=False,
                             preexec_fn=pass_times)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = status
        out.seek(0)
        text = out.read()
        times.seek(0)
        ns = times.read().split()
        # node 20 may crash on its way out, after the program's end
        if (status and not ns) or not (native or ns):
            err.seek(0)
            raise RuntimeError((err.read().decode("utf-8", "replace").strip() or "failed")
                               .split("\n")[0][:120])
    text = re.sub(rb"\d+\.\d+s", b"", text)         # speedtest1 prints its times
    digest = hashlib.sha256(text).hexdigest()[:16]
    if native:
        return usage.ru_utime + usage.ru_stime, 0, digest
    return int(ns[0]) / 1e9, int(ns[1]) / 1e9, digest


def measure(d, workload, who, rounds, v8, liftoff):
    """{contender: seconds} for one workload, and what went wrong."""
    name, program, args, stdin = workload
    if stdin:
        stdin = f"{HERE}/programs/{stdin}" if stdin.endswith(".lua") else f"{d}/programs/{stdin}"
    best, digests, wrong = {}, {}, []
    for _ in range(rounds):
        for w in who:
            if w not in CONTENDERS or any(x.startswith(w + ":") for x in wrong):
                continue
            try:
                t, _, digests[w] = run(command(w, d, program, args, v8, liftoff), stdin,
                                       w in ("gcc", "clang"))
                best[w] = min(best.get(w, t), t)
            except (RuntimeError, OSError) as e:
                wrong.append(f"{w}: {e}")
    for w in list(best):
        if digests[w] != digests.get("gcc"):
            wrong.append(f"{w}: output differs from gcc's")
            del best[w]
    return best, wrong
