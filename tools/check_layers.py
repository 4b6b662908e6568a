#!/usr/bin/env python3
"""Checks src/ against src/LAYERS: every module is listed, includes only what its line allows, and
its CMake DEPS allow no more than that. Exit 1 with one line per offence.

    tools/check_layers.py [SRC]        default: src of this repository
    tools/check_layers.py --self-test

A line `name: a b c` lets src/name/ include headers of name, a, b and c. The lines stand bottom to top,
so a module can only name those above its line, and there are no cycles. Tests, benchmarks, fuzz targets
and fakes (x_test.cc, x_bench.cc, x_fuzz.cc, x_fake.h, ...) may also use any module that stands lower.
"""
import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
DEPS = re.compile(r"\bDEPS\b((?:\s+[a-z0-9_]+)*)")
NOT_PRODUCT = re.compile(r"_(test|bench|fuzz|fake)[a-z_]*\.(cc|h)$|_test_main\.cc$")


def read_layers(path):
    """{module: allowed modules} in the file's order, and the offences of the file itself."""
    layers, offences = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, colon, rest = line.partition(":")
        if not colon:
            offences.append(f"{path}:{number}: not of the form `module: modules`")
            continue
        if name in layers:
            offences.append(f"{path}:{number}: {name} has two lines")
        for other in rest.split():
            if other not in layers:
                offences.append(f"{path}:{number}: {name} names {other}, which has no line above it")
        layers[name] = set(rest.split())
    return layers, offences


def check_file(path, module, layers):
    """Offences of one source file."""
    allowed = layers[module] | {module}
    if NOT_PRODUCT.search(path.name):
        order = list(layers)
        allowed |= set(order[: order.index(module)])
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        other = target.split("/")[0]
        if "/" not in target or ".." in target.split("/") or other not in layers:
            yield f'{path}:{number}: include "{target}": paths start at src/, with a module'
        elif other not in allowed:
            yield f'{path}:{number}: include "{target}": {module} must not use {other} (src/LAYERS)'


def check_cmake(path, module, layers):
    """Offences of a module's CMakeLists.txt. TEST_DEPS is the tests' affair."""
    if not path.exists():
        return
    text = re.sub(r"#.*", "", path.read_text()).replace("TEST_DEPS", "TEST__")
    for match in DEPS.finditer(text):
        for other in match.group(1).split():
            if other in layers and other not in layers[module] | {module}:
                yield f"{path}: DEPS {other}: {module} must not use {other} (src/LAYERS)"


def check(src):
    layers, offences = read_layers(src / "LAYERS")
    for folder in sorted(p for p in src.iterdir() if p.is_dir()):
        files = sorted(p for p in folder.rglob("*") if p.suffix in (".h", ".cc"))
        if folder.name not in layers:
            offences.append(f"{folder}: no line in {src / 'LAYERS'}")
            continue
        for path in files:
            offences.extend(check_file(path, folder.name, layers))
        offences.extend(check_cmake(folder / "CMakeLists.txt", folder.name, layers))
    return offences


def self_test():
    """What must be found in a small tree, and nothing else."""
    tree = {
        "LAYERS": "base:\nmid: base\ntop: mid base\n",
        "base/a.h": "#include <string>\n",
        "base/a.cc": '#include "base/a.h"\n#include "mid/m.h"\n',
        "base/CMakeLists.txt": "mcpo_module(base DEPS top SOURCES a.cc TEST_DEPS mid)\n",
        "mid/m.h": '  #  include "base/a.h"\n',
        "mid/m_test.cc": '#include "top/t.h"\n#include "base/a.h"\n',
        "top/t.cc": '#include "mid/m.h"\n#include "t.h"\n#include "top/../mid/m.h"\n',
        "stray/s.h": "",
    }
    expected = [
        ("base/a.cc:2:", "base must not use mid"),
        ("base/CMakeLists.txt", "base must not use top"),
        ("mid/m_test.cc:1:", "mid must not use top"),
        ("stray", "no line in"),
        ("top/t.cc:2:", "paths start at src/"),
        ("top/t.cc:3:", "paths start at src/"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        src = pathlib.Path(folder)
        for name, text in tree.items():
            (src / name).parent.mkdir(exist_ok=True)
            (src / name).write_text(text)
        found = check(src)
        (src / "LAYERS").write_text("base: top\nbase:\nno colon\n")
        broken = read_layers(src / "LAYERS")[1]
    problems = [f"not found: {e}" for e in expected if not any(all(x in f for x in e) for f in found)]
    problems += [f"found too much: {f}" for f in found if not any(all(x in f for x in e) for e in expected)]
    if len(broken) != 3:
        problems.append(f"a broken LAYERS file: {broken}")
    return problems


def main(arguments):
    if arguments == ["--self-test"]:
        problems = self_test()
    else:
        src = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parent.parent / "src"
        problems = check(src)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
