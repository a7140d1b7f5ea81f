"""What the README says works."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.S))
def test_python_blocks_run(block):
    names = {}
    exec(block, names)
    assert len(names["labels"]) == 60 and "t2m" in names["described"]


def test_every_option_named_is_there():
    from dsc_tf.config import PretrainConfig, ProbeConfig, ReproduceConfig, TrainConfig

    configs = (TrainConfig, ReproduceConfig, PretrainConfig, ProbeConfig)
    fields = [name for config in configs for name in config.__dataclass_fields__]
    options = {"--" + name.replace("_", "-") for name in fields} | {"--help", "--config"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= options


def test_links_and_pictures_exist():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_run(path):
    names = {}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
