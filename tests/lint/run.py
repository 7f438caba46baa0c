#!/usr/bin/env python3
"""Rules of the source tree that no compiler checks: layers, file sizes, paths named in docs, format.

usage: tests/lint/run.py [ROOT]     prints one line a violation; exit code 1 when there are any
"""
import fnmatch
import os
import re
import shutil
import subprocess
import sys

MAX_LINES = 800
SOURCE_ENDINGS = (".h", ".cpp", ".c", ".py", ".sh", ".cmake", ".proto")
SKIPPED_FOLDERS = {".git", "build", "golden", ".cache", "corpus"}
CLANG_FORMAT = "clang-format-14"


def own_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("build"))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def read_layers(path):
    layers = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            folder, colon, allowed = line.partition(":")
            if not colon:
                raise SystemExit(f"{path}:{number}: expected FOLDER: FOLDERS")
            layers[folder.strip()] = allowed.split()
    return layers


def row_of(layers, path):
    """The row of docs/layers.txt that a path below pkg/ belongs to: the longest, and a plain name before a pattern."""
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        prefix = "/".join(parts[:length])
        if prefix in layers:
            return prefix
        for pattern in layers:
            if "*" in pattern and pattern.count("/") == prefix.count("/") and fnmatch.fnmatchcase(prefix, pattern):
                return pattern
    return None


def own_folder(row, path):
    return "/".join(path.split("/")[:row.count("/") + 1])


def check_layers(root, files):
    layers = read_layers(os.path.join(root, "docs/layers.txt"))
    for file in files:
        if not file.startswith("pkg/") or not file.endswith((".h", ".cpp")):
            continue
        path = file[len("pkg/"):]
        row = row_of(layers, path)
        if row is None:
            yield f"{file}: docs/layers.txt has no row for this folder"
            continue
        with open(os.path.join(root, file), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                match = re.match(r'\s*#\s*include\s+"(pkg|cmd|tests)/([^"]+)"', line)
                if not match:
                    continue
                top, target = match.groups()
                if top != "pkg":
                    yield f"{file}:{number}: pkg/ may not include {top}/"
                    continue
                target_row = row_of(layers, target)
                same_folder = target_row == row and own_folder(row, target) == own_folder(row, path)
                if not same_folder and target_row not in layers[row] and target not in layers[row]:
                    yield f"{file}:{number}: pkg/{row} may not include pkg/{target} (docs/layers.txt)"


def check_sizes(root, files):
    for file in files:
        if file.endswith(SOURCE_ENDINGS):
            with open(os.path.join(root, file), "rb") as content:
                count = content.read().count(b"\n")
            if count > MAX_LINES:
                yield f"{file}: {count} lines, at most {MAX_LINES} are allowed; split it"


def check_pragma_once(root, files):
    for file in files:
        if file.endswith(".h") and not file.startswith("third_party/"):
            with open(os.path.join(root, file), encoding="utf-8") as content:
                if "#pragma once" not in content.read():
                    yield f"{file}: lacks #pragma once"


def check_architecture(root):
    """Paths in backquotes in docs/ARCHITECTURE.md that start with a folder of ours must exist."""
    path = os.path.join(root, "docs/ARCHITECTURE.md")
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            for name in re.findall(r"`((?:pkg|cmd|tests|docs|cmake|packaging)/[\w./-]*)`", line):
                if not os.path.exists(os.path.join(root, name)):
                    yield f"docs/ARCHITECTURE.md:{number}: {name} does not exist"


def warn_duplicates(root, files, least_lines=5):
    """Functions with the same body in two files: one of them belongs into a layer that both may include."""
    seen = {}
    for file in files:
        if not file.endswith((".h", ".cpp")) or file.startswith(("tests/", "third_party/")):
            continue
        with open(os.path.join(root, file), encoding="utf-8") as content:
            for body in re.findall(r"^\w[^\n;#]*\)(?: const)? \{\n((?:[ ][^\n]*\n|\n)+)\}", content.read(), re.MULTILINE):
                if body.count("\n") >= least_lines:
                    seen.setdefault(body, []).append(file)
    for body, places in sorted(seen.items(), key=lambda item: item[1]):
        if len(set(places)) > 1:
            print(f"warning: the same function body in {', '.join(sorted(set(places)))}: {body.strip().splitlines()[0]}")


def warn_format(root, files):
    tool = shutil.which(CLANG_FORMAT)
    sources = [f for f in files if f.endswith((".h", ".cpp"))]
    if not tool or not sources:
        return
    done = subprocess.run([tool, "--dry-run", *sources], cwd=root, capture_output=True, text=True, check=False)
    unformatted = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "code should be clang-formatted" in line})
    if unformatted:
        print(f"warning: {len(unformatted)} files are not formatted; run {CLANG_FORMAT} -i on: {' '.join(unformatted[:8])} ...")


def main():
    root = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../.."))
    files = list(own_files(root))
    violations = [*check_layers(root, files), *check_sizes(root, files), *check_pragma_once(root, files), *check_architecture(root)]
    for violation in violations:
        print(violation)
    warn_duplicates(root, files)
    warn_format(root, files)
    print(f"{len(files)} files, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
