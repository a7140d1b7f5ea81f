"""The notebooks run from top to bottom on small settings, and are stored with what they show."""

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_BYTES = 400_000
EAGER = ("representations",)  # notebooks whose networks train one step, which is faster without tracing
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def kernel():
    """One kernel for all, so that TensorFlow is loaded once."""
    from jupyter_client.manager import start_new_kernel

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DSC_TF_SMALL", "1")
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        manager, client = start_new_kernel()
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@each
def test_notebook_runs(path, kernel, tmp_path):
    notebook = nbformat.read(path, 4)
    start = f"%reset -f\nimport os\nimport tensorflow as tf\nos.chdir({str(tmp_path)!r})\n"
    start += f"tf.config.run_functions_eagerly({path.stem in EAGER})"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(start))
    run = nbclient.NotebookClient(notebook, km=kernel[0], timeout=300)
    run.kc = kernel[1]
    run.execute(cleanup_kc=False)
    assert any(cell.outputs for cell in code_of(notebook))


def test_a_notebook_that_fails_would_be_found(kernel):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    run = nbclient.NotebookClient(notebook, km=kernel[0], timeout=300)
    run.kc = kernel[1]
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="ZeroDivisionError"):
        run.execute(cleanup_kc=False)


@each
def test_notebook_is_stored_as_it_ran(path):
    cells = code_of(nbformat.read(path, 4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
    assert {output.output_type for output in outputs} <= {"display_data", "execute_result", "stream"}
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert path.stat().st_size < MOST_BYTES


@each
def test_notebook_tells_nothing_of_the_machine_it_ran_on(path):
    notebook = nbformat.read(path, 4)
    shown = [
        str(output.get("data", output.get("text"))) for cell in code_of(notebook) for output in cell.outputs
    ]
    found = re.findall(
        r"(?<![\w.:/])/(?:home|root|tmp|work|usr|opt|Users|var|mnt)/[^\s'\"<]*", "\n".join(shown)
    )
    assert not found
    assert all(not cell.metadata for cell in notebook.cells)  # no timestamps
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


@each
def test_notebook_installs_from_a_path_that_the_reader_gives(path):
    notebook = nbformat.read(path, 4)
    first, *others = [cell.source for cell in code_of(notebook)]
    assert (
        "SOURCE = " in first and "%pip install -q {SOURCE}" in first and "SOURCE" in notebook.cells[0].source
    )
    assert "%pip" not in "".join(others)


@each
def test_notebook_has_no_placeholders(path):
    text = "".join(cell.source for cell in nbformat.read(path, 4).cells)
    assert not re.findall(r"OWNER|TODO|FIXME|colab-badge", text)


@each
def test_links_between_notebooks_lead_to_one(path):
    for cell in nbformat.read(path, 4).cells:
        for target in re.findall(
            r"\]\((?!http)([^)#]+)", cell.source if cell.cell_type == "markdown" else ""
        ):
            assert (path.parent / target).exists(), target


def test_there_are_eight():
    assert len(NOTEBOOKS) == 8
