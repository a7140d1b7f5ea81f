"""Speed of this machine in one table: commands, training, encoding, series, with ratios of this run alone.

    python benchmarks/run.py
    python benchmarks/run.py --parts commands series --output results/speed.md

Works of a part take turns, and the least CPU time of each counts: CPU seconds of all threads of the process, next to
wall seconds. Ratios compare works of the same part. PyTorch is compared if it is installed, in a process of its own
after the others, and so is TensorFlow without oneDNN, which commands of this package switch on.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as commands do

import numpy as np
import onednn
from timing import in_turns

from dsc_tf.reporting.fingerprint import software_versions

HAS_TORCH = find_spec("torch") is not None
FIELD = (41, 41, 7)  # latitude, longitude, variable
LENGTHS = (201, 161)  # of the crops of TS2Vec, which vary in training: graphs for fixed lengths are faster
CONVOLUTIONS = ((48, 64, 64), (24, 64, 128), (12, 128, 256))  # cells of a side, channels of input and output


def machine():
    """Processor, number formats, threads, memory, versions, commit and load, in one line."""
    try:
        about = Path("/proc/cpuinfo").read_text()
    except OSError:
        about = ""
    model = re.search(r"model name\s*: (.*)", about)
    formats = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f" {name}" in about]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    known = software_versions()
    versions = [f"{name} {version}" for name, version in known.items() if name != "machine"]
    versions += [f"torch {metadata.version('torch')}"] if HAS_TORCH else []
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    return (
        f"{model[1] if model else platform.processor()} ({' '.join(formats)}), {os.cpu_count()} cores, "
        f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}, {memory:.0f} GiB, "
        f"{', '.join(versions)}, commit {commit or 'unknown'}, "
        f"load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d %H:%M')}"
    )


def of_commands(options):
    """Whole commands, each in a process of its own."""
    commands = {
        "train --help": ["--help"],
        "train --method kmeans (the sample)": ["--method", "kmeans", "--quiet"],
        "train --method eof_kmeans (the sample)": ["--method", "eof_kmeans", "--quiet"],
    }
    if options.data:
        name = f"train --method eof_kmeans ({Path(options.data).name})"
        commands[name] = ["--method", "eof_kmeans", "--quiet", "--data", options.data]
    rows = ["| command | CPU, s | wall, s | peak, MiB |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, arguments) in enumerate(commands.items()):
            began = time.perf_counter()
            call = [sys.executable, "-m", "dsc_tf.train", *arguments]
            call += [] if arguments == ["--help"] else ["--output", f"{folder}/{i}"]
            child = subprocess.Popen(call, stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
            if status:
                sys.exit(f"{name}: exit status {status}")
            wall, unit = time.perf_counter() - began, 2**20 if sys.platform == "darwin" else 2**10
            cpu = used.ru_utime + used.ru_stime
            rows.append(f"| `{name}` | {cpu:.1f} | {wall:.1f} | {used.ru_maxrss / unit:.0f} |")
    return rows


def convolution_peak(policy):
    """Operations in a CPU second of the fastest of several convolutions of 3 x 3."""
    import keras
    from keras import ops

    works, count = {}, {}
    for side, inputs, outputs in CONVOLUTIONS:
        x = ops.cast(keras.random.normal((16, side, side, inputs), seed=0), policy)
        kernel = ops.cast(keras.random.normal((3, 3, inputs, outputs), seed=0), policy)
        works[side] = lambda x=x, k=kernel: ops.convert_to_numpy(
            ops.cast(ops.max(ops.conv(x, k, padding="same")), "float32")
        )
        count[side] = 2 * 9 * inputs * outputs * 16 * side**2
    return max(count[side] / cpu for side, (cpu, _) in in_turns(works, 5).items())


def of_torch(what, options):
    """Times of works in PyTorch, measured in a process of its own; none without PyTorch."""
    if not HAS_TORCH:
        return {}
    call = [sys.executable, str(Path(__file__).with_name("torch_networks.py")), what]
    call += [str(options.days), str(options.repeats)]
    return json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


def of_training(options):
    """Days of 41 x 41 x 7 through DSC, next to the notebook's network and PyTorch."""
    import keras
    from device import operations
    from training import notebook_autoencoder, works_of

    from dsc_tf.models import dsc_autoencoder
    from dsc_tf.preprocessing.as_samples import as_samples
    from dsc_tf.training.optimizers import Adam
    from dsc_tf.training.precision import has_native_bfloat16

    ways = [("float32", 8), ("float32", 16)]
    if has_native_bfloat16():
        ways.append(("mixed_bfloat16", 16))
    formats = dict.fromkeys(policy.removeprefix("mixed_") for policy, _ in ways)
    X = as_samples(np.random.default_rng(0).random((options.days, 1, *FIELD), dtype=np.float32))
    ours = dsc_autoencoder(X.shape[1:])
    each = operations(ours), operations(ours.get_layer("encoder"))
    theirs, optimizer = notebook_autoencoder(X.shape[1:]), keras.optimizers.SGD(1e-7, momentum=0.9)
    pairs = {"notebook's network, float32, batch 8": works_of(theirs, optimizer, X, 8)}
    for policy, batch in ways:
        name = f"ours, {policy.removeprefix('mixed_')}, batch {batch}"
        pairs[name] = works_of(dsc_autoencoder(X.shape[1:], policy=policy), Adam(1e-4), X, batch)
    peaks = {name: convolution_peak(name) for name in formats}
    times = [in_turns({name: pair[i] for name, pair in pairs.items()}, options.repeats) for i in range(2)]
    plain = [[seconds * len(X) / onednn.DAYS for seconds in work] for work in onednn.in_own_process("0")]
    others = {f"ours, float32, batch {onednn.BATCH}, without oneDNN": plain} | of_torch("dsc", options)
    for name, (training, encoding) in others.items():
        times[0][name], times[1][name] = training, encoding
    rates = " and ".join(f"{rate / 1e9:.0f} in {name}" for name, rate in peaks.items())
    rows = [
        f"Fastest convolution of 3 x 3, GFLOP in a CPU second: {rates}. Columns in CPU ms and wall ms a day.",
        "",
    ]
    rows += ["| network | training | wall | ratio | share of the peak | encoding | wall | ratio |"]
    rows += [f"|{'---|' * 8}"]
    first = next(iter(pairs))
    for name in times[0]:
        peak = peaks["bfloat16" if "bfloat16" in name else "float32"]
        (cpu, wall), (encoding, encoding_wall) = (one[name] for one in times)
        share = 3 * each[0] * len(X) / cpu / peak if name.startswith("ours") else float("nan")
        cells = [1e3 * cpu / len(X), 1e3 * wall / len(X), times[0][first][0] / cpu]
        rows.append(
            f"| {name} | {cells[0]:.1f} | {cells[1]:.1f} | {cells[2]:.2f} | "
            f"{f'{100 * share:.0f} %' if share == share else ''} | {1e3 * encoding / len(X):.2f} | "
            f"{1e3 * encoding_wall / len(X):.2f} | {times[1][first][0] / encoding:.2f} |"
        )
    return rows


def of_series(options):
    """Encoder of TS2Vec, forward and backward, with our dilated convolutions, Keras's and PyTorch's."""
    import keras

    from dsc_tf.models import ts2vec

    def work(convolution):
        own, ts2vec.DilatedConv1D = ts2vec.DilatedConv1D, convolution
        model = ts2vec.series_encoder(8, seed=0)
        ts2vec.DilatedConv1D = own
        model.compile(keras.optimizers.SGD(1e-6), loss="mse", jit_compile=False)  # as TS2Vec is trained
        X = np.random.default_rng(0).normal(size=(8, max(LENGTHS), 8)).astype(np.float32)

        def step(length):
            inputs = {"series": X[:, :length], "valid_mask": np.ones((8, length), np.float32)}
            model.train_on_batch(inputs, np.zeros((8, length, 320), np.float32))

        return lambda: [step(length) for length in LENGTHS]

    works = {
        "ours, `DilatedConv1D`": work(ts2vec.DilatedConv1D),
        "ours, Keras's `Conv1D` in its place": work(partial(keras.layers.Conv1D, padding="same")),
    }
    rows = [
        "| encoder of 8 series of 8 variables, a step each of lengths 201 and 161 | CPU ms | wall | ratio |",
        "|---|---|---|---|",
    ]
    found = in_turns(works, options.repeats) | of_torch("series", options)
    least = next(iter(found.values()))[0]
    return rows + [
        f"| {name} | {1e3 * cpu:.0f} | {1e3 * wall:.0f} | {cpu / least:.1f} |"
        for name, (cpu, wall) in found.items()
    ]


def of_measures(options):
    """Measures of random fields, whose pairs are compared within a budget of operations."""
    import warnings

    from dsc_tf.evaluation import evaluate

    rng = np.random.default_rng(0)
    rows = ["| steps x values | CPU, s | wall, s |", "|---|---|---|"]
    for steps, values in ((4018, 1512), (4018, 38801)):
        X = rng.standard_normal((steps, values), dtype=np.float32)
        labels = rng.integers(7, size=steps)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the subsample
            (cpu, wall) = in_turns({"": lambda X=X, labels=labels: evaluate(X, labels)}, 1, warm=0)[""]
        rows.append(f"| {steps} x {values} | {cpu:.1f} | {wall:.1f} |")
    return rows


PARTS = {"commands": of_commands, "training": of_training, "series": of_series, "measures": of_measures}


def main():
    """Run the parts; print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--days", type=int, default=32, help="of training and encoding")
    parser.add_argument("--repeats", type=int, default=2, help="turns of each work")
    parser.add_argument("--data", help="a further record for eof_kmeans")
    parser.add_argument("--output", type=Path, default=Path("results/speed.md"))
    options = parser.parse_args()
    lines = ["# Speed of one machine", "", f"`{' '.join(['python', *sys.argv])}`", "", machine(), ""]
    for part in options.parts:
        began = time.process_time()
        found = PARTS[part](options)
        lines += [f"## {PARTS[part].__doc__.splitlines()[0].rstrip('.')}", "", *found, ""]
        print("\n".join(found), f"\n({part}: {time.process_time() - began:.0f} CPU s)\n", flush=True)
    lines += [f"Load of the machine at the end: {os.getloadavg()[0]:.1f}."]
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
