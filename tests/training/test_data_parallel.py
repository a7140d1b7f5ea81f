"""Two processes that share each batch, on the JAX backend over the loopback device, learn what one process learns."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "data_parallel.py"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")
def test_two_processes_have_the_losses_of_one():
    call = [sys.executable, str(SCRIPT), "--days", "16", "--grid", "8", "--batch", "8", "--epochs", "1"]
    table = subprocess.run(call, check=True, capture_output=True, text=True, timeout=900).stdout
    rows = [line.split("|") for line in table.splitlines() if line.startswith(("| 1 ", "| 2 "))]
    assert [int(row[1]) for row in rows] == [1, 2]
    assert float(rows[0][4]) == pytest.approx(float(rows[1][4]), abs=1e-5)
    assert float(rows[1][5]) < 1e-5
