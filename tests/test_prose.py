"""Docstrings, comments and pages are plain technical English: phrases that a reader cannot look up are rejected."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "dsc_tf").rglob("*.py"))
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "results").glob("*.md"), *ROOT.glob("*.md")])
PHRASES = {
    r"\banew\b": "again",
    r"\bwhoever\b": "those who",
    r"\bas (it is|they are) drawn\b": "randomly initialised",
    r"\bat rest\b": "converged, or in inference",
    r"\bforet(ell|old)\b": "predict",
    r"\brightly\b": "correctly",
    r"\bmend(s|ed)?\b": "fix",
    r"\bwithout a word\b": "without a warning",
    r"\ba (row|step|pass|batch|window|run|line) an? (epoch|batch|step|training|pass|method|file|cell|field)\b": (
        "one for each"
    ),
    r"\bstrangers\b": "unrelated",
    r"\bkin\b": "variants",
    r"\brivals?\b": "baselines",
    r"\blets? go of\b|\blet go\b": "free",
    r"\bgo(es)? on with\b": "continue",
    r"\b(is|are|was) told\b|\btells (the|us|it|how|what|whether|which|apart)\b": "receives, shows, distinguishes",
    r"\bthe room (of|for)\b|\brooms\b|\bhouse rules?\b|\bfront door\b": "package, rule, interface",
    r"\bscikit-learn's face\b": "the scikit-learn interface",
    r"\bseed 00\d\b": "the paper",
    r"\b(hears|heard)\b": "receives",
    r"\b(network|encoder|layer|model|loss|file|record|label|sample|record)s? (says?|said)\b": "outputs, contains",
    r"\bbeside\b": "next to, compared with",
    r"\bdearest\b": "most expensive",
    r"\bso many (steps|samples|rows|batches|points|values|clusters)\b": "this number of",
    r"\bjudge\b": "classifier",
}


def prose(path):
    """Docstrings and comments of a module, or the text of a page, without code."""
    text = path.read_text()
    if path.suffix == ".md":
        yield re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.S)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def found_in(path):
    """Phrases of a file, each with the suggested term."""
    for text in prose(path):
        for pattern, instead in PHRASES.items():
            for match in re.finditer(pattern, text, re.I):
                yield f"{path.relative_to(ROOT)}: {match.group()!r}, better: {instead}"


@pytest.mark.parametrize("paths", [SOURCES, PAGES], ids=["sources", "pages"])
def test_phrases_are_not_used(paths):
    assert not [line for path in paths for line in found_in(path)]


def test_a_phrase_would_be_found(tmp_path, monkeypatch):
    monkeypatch.setattr("test_prose.ROOT" if __name__ == "test_prose" else f"{__name__}.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("Weights are drawn anew.\n```\nanew\n```\n")
    assert len(list(found_in(page))) == 1
