"""Rules of the architecture, one test for each: imports, separation of data and network code, documentation."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dsc_tf
from dsc_tf.clusterers import METHODS, clusterer

ROOT = Path(dsc_tf.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MAX_ARGUMENTS = 12

# A package imports from lower levels only; packages of one level do not import each other.
LEVELS = [
    {"errors", "logging", "_version", "threads"},
    {"atomic_write", "stored"},
    {"records", "geostatistics", "layers"},
    {"datasets", "preprocessing", "models"},
    {"training", "regimes"},
    {"evaluation"},
    {"interpolation", "downscaling"},
    {"clusterers", "representations"},
    {"reporting", "downstream"},
    {"experiments"},
    {"commands"},
    {
        "train",
        "predict",
        "choose",
        "compare",
        "reproduce",
        "pretrain",
        "probe",
        "report",
        "download",
        "__main__",
    }
    | {"interpolate", "downscale", "evaluate"},
]
LEVEL = {package: level for level, packages in enumerate(LEVELS) for package in packages}

# Data code and network code are separate; both are combined in clusterers and above.
DATA_CODE = {"errors", "logging", "atomic_write", "records", "datasets", "preprocessing", "geostatistics"}
DATA_CODE |= {"evaluation", "regimes", "commands"}
CLOSED_TO = {
    "keras": DATA_CODE,
    "tensorflow": DATA_CODE | {"layers", "models", "reporting", "representations"},
    "xarray": {"layers", "models", "training", "geostatistics", "errors"},
}


def package(path):
    """Top-level package or module that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path, *, at_top_only=False):
    """Full names of everything that `path` imports."""
    parents = ["dsc_tf", *path.relative_to(ROOT).parts[:-1]]
    tree = ast.parse(path.read_text())
    for node in tree.body if at_top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def test_imports_point_down():
    wrong = []
    for path in FILES:
        here = package(path)
        if here == "__init__":
            continue  # the package itself may name every other
        parts = [name.split(".") for name in imported(path)]
        others = {p[1] for p in parts if p[0] == "dsc_tf" and len(p) > 1 and p[1] in LEVEL} - {here}
        wrong += [f"{path.relative_to(ROOT)} imports {r}" for r in others if LEVEL[r] >= LEVEL[here]]
    assert not wrong


def test_every_package_has_a_level():
    assert {package(path) for path in FILES} - {"__init__"} <= set(LEVEL)


def test_data_code_and_network_code_are_separate():
    wrong = []
    for path in FILES:
        roots = {name.split(".")[0] for name in imported(path, at_top_only=True)}
        wrong += [
            f"{path.relative_to(ROOT)} imports {r}"
            for r in roots & set(CLOSED_TO)
            if package(path) in CLOSED_TO[r]
        ]
    assert not wrong


def documented_defaults(path):
    """Parameter, documented default and actual default, for literal defaults in NumPy docstrings."""
    for owner in ast.walk(ast.parse(path.read_text())):
        if isinstance(owner, ast.ClassDef):
            function = next((n for n in owner.body if getattr(n, "name", "") == "__init__"), None)
        else:
            function = owner if isinstance(owner, ast.FunctionDef) and owner.name != "__init__" else None
        if function is None:
            continue
        a = function.args
        positional = [*a.posonlyargs, *a.args]
        actual = dict(
            zip([x.arg for x in positional[len(positional) - len(a.defaults) :]], a.defaults, strict=True)
        )
        actual |= {x.arg: d for x, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is not None}
        pattern = r"^\s*(\w+) :[^\n]*?, default=(.+?)\s*$"
        for name, written in re.findall(pattern, ast.get_docstring(owner) or "", re.M):
            yield name, written, ast.unparse(actual[name]) if name in actual else None


def test_documented_defaults_are_the_defaults():
    wrong = []
    for path in FILES:
        for name, written, actual in documented_defaults(path):
            try:
                agree = actual is not None and eval(written, {}) == eval(actual, {})
            except NameError:  # a named constant such as MEMORY, whose value is documented
                continue
            wrong += [] if agree else [f"{path.relative_to(ROOT)}: {name}"]
    assert not wrong


def test_defaults_are_found_at_all():
    assert sum(len(list(documented_defaults(path))) for path in FILES) > 40


def test_constructors_are_short():
    lengths = {method: len(inspect.signature(clusterer(method)).parameters) for method in METHODS}
    assert not {method: length for method, length in lengths.items() if length > MAX_ARGUMENTS}


@pytest.mark.parametrize(
    "module",
    ["dsc_tf", "dsc_tf.records", "dsc_tf.evaluation", "dsc_tf.reporting", "dsc_tf.train", "dsc_tf.reproduce"],
)
def test_importing_loads_no_tensorflow(module):
    code = f"import sys, {module}; print([m for m in ('tensorflow', 'keras', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in dsc_tf.__all__:
        assert getattr(dsc_tf, name).__doc__
