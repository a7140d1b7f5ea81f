"""Types: the package agrees with its own hints, and a user's type checker sees them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dsc_tf

pytest.importorskip("mypy")

ROOT = Path(dsc_tf.__file__).parent
USE = """
import dsc_tf

ds = dsc_tf.sample_dataset(days=60)
X, prep = dsc_tf.prepare(ds)
labels = dsc_tf.KMeans(n_clusters=3).fit(X).predict(X)
reveal_type(dsc_tf.evaluate(X, labels, ds.regime))
dsc_tf.describe_regimes(ds, labels)
dsc_tf.DSC(n_clusters="3")
"""


def test_package_and_use_of_it(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    config = ["--config-file", str(ROOT.parent / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache")]
    files = [str(ROOT), str(tmp_path / "use.py")]
    done = subprocess.run([sys.executable, "-m", "mypy", *config, *files], capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("Found")]
    assert len(lines) == 2, done.stdout + done.stderr
    assert "dict[str, float]" in lines[0]
    assert 'Argument "n_clusters" to "DSC" has incompatible type "str"; expected "int"' in lines[1]


def test_type_checkers_know_every_public_name():
    tree = ast.parse((ROOT / "__init__.py").read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    imported = {a.asname for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}
    declared = {n.target.id for n in block.body if isinstance(n, ast.AnnAssign)}
    assert (imported | declared) - {None} == set(dsc_tf.__all__)
    assert (ROOT / "py.typed").exists()


MAX_UNTYPED = 720  # lower it when functions are annotated; it must not grow


def untyped_public_functions():
    """Public functions and methods of which an argument or the result has no annotation."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef | ast.Module):
                for f in node.body:
                    if isinstance(f, ast.FunctionDef) and not f.name.startswith("_"):
                        arguments = [*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs]
                        names = [a for a in arguments if a.arg not in ("self", "cls")]
                        if f.returns is None or any(a.annotation is None for a in names):
                            yield f"{path.relative_to(ROOT)}: {f.name}"


def test_number_of_untyped_public_functions_does_not_grow():
    untyped = list(untyped_public_functions())
    assert len(untyped) <= MAX_UNTYPED, f"{len(untyped)} functions; annotate the new ones"


def test_version_is_that_of_the_citation():
    citation = (ROOT.parent / "CITATION.cff").read_text()
    assert f"\nversion: {dsc_tf.__version__}\n" in citation
