"""Local stand-ins for the services that records come from, in their real layouts."""

import io
import json
import tempfile
import threading
import zipfile
from collections import Counter
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

KEY = "a-key-of-today"
SHORT = {
    "sea_surface_temperature": "sst",
    "2m_temperature": "t2m",
    "surface_pressure": "sp",
    "surface_sensible_heat_flux": "sshf",
    "surface_latent_heat_flux": "slhf",
    "10m_u_component_of_wind": "u10",
    "10m_v_component_of_wind": "v10",
    "total_precipitation": "tp",
}
ACCUMULATED = ("sshf", "slhf", "tp")
UNITS = dict(
    zip(SHORT.values(), ["K", "K", "Pa", "J m**-2", "J m**-2", "m s**-1", "m s**-1", "m"], strict=True)
)


def hourly_truth(name, times, latitudes, longitudes):
    """A field (time, latitude, longitude) that no two variables, hours or points share."""
    hours = (np.asarray(times, "datetime64[h]") - np.datetime64("2021-01-01")).astype(float)
    of_name = 100.0 * list(UNITS).index(name)
    place = 0.5 * np.asarray(latitudes)[:, None] + 0.01 * (np.asarray(longitudes)[None, :] % 360)
    return (of_name + np.sin(hours / 24)[:, None, None] + 0.001 * hours[:, None, None] + place).astype(
        "float32"
    )


def daily_truth(name, days, latitudes, longitudes, reduce=np.mean):
    """By a loop over days: hours 0 to 23, or 1 to 24 where values accumulate over the hour before."""
    late = 1 if name in ACCUMULATED else 0
    fields = []
    for day in np.asarray(days, "datetime64[D]"):
        hours = [np.datetime64(day, "h") + np.timedelta64(late + hour, "h") for hour in range(24)]
        fields.append(reduce(hourly_truth(name, hours, latitudes, longitudes).astype(float), axis=0))
    return np.stack(fields)


@contextmanager
def served(handler):
    """The address of a server on this machine, for as long as the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FakeClimateDataStore:
    """What the service does, and what goes wrong: set an attribute to have it.

    Attributes
    ----------
    refusal : tuple of int and dict, or None
        Status and JSON with which submissions are refused.
    room : int
        So many submissions are taken before.
    failure : str or None
        Why every job fails.
    looks : int
        How often a job is still running.
    damaged, cut : int
        So many transfers are altered, or broken off in the middle.
    submitted : list of dict
        Requests.
    seen : Counter
        Methods and first parts of paths; "bytes" counts those of answers.
    """

    def __init__(self):
        self.refusal, self.failure, self.looks, self.damaged, self.cut = None, None, 2, 0, 0
        self.room, self.submitted, self.seen, self.jobs, self.answers = 0, [], Counter(), {}, {}
        self.answer = zipped_answer

    def submit(self, dataset, request):
        name = f"job-{len(self.submitted)}"
        self.submitted.append(request | {"dataset": dataset})
        self.jobs[name] = self.looks
        self.answers[name] = self.answer(dataset, request)
        return name

    def status(self, name):
        self.jobs[name] -= 1
        ended = "failed" if self.failure else "successful"
        return "running" if self.jobs[name] >= 0 else ended


class CdsHandler(BaseHTTPRequestHandler):
    """The end points that the client of the Climate Data Store uses."""

    def __init__(self, store, *arguments):
        self.store = store
        super().__init__(*arguments)

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.reply(200, {})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        if not self.is_known():
            return
        if self.store.refusal and len(self.store.submitted) >= self.store.room:
            self.reply(*self.store.refusal)
            return
        name = self.store.submit(self.path.split("/")[-2], request)
        self.reply(201, self.job(name, "accepted"))

    def do_GET(self):
        path = self.path.partition("?")[0].removeprefix("/api/")
        self.store.seen[path.split("/")[0] + "/" + path.split("/")[-1].rstrip("0123456789")] += 1
        if path.startswith("files/"):
            self.file(path.split("/")[1])
        elif path == "catalogue/v1/messages":
            self.reply(200, {"messages": []})
        elif self.is_known():
            parts = path.split("/")
            if parts[2] == "processes":
                self.reply(200, {"id": parts[3], "links": []})
            elif parts[3] not in self.store.jobs:
                self.reply(404, {"title": "job not found"})
            elif parts[-1] == "results":
                self.results(parts[3])
            else:
                self.reply(200, self.job(parts[3], self.store.status(parts[3])))

    def results(self, name):
        if self.store.failure:
            self.reply(400, {"title": "The job has failed", "detail": self.store.failure})
            return
        asset = {"href": f"{self.root}/files/{name}", "file:size": len(self.store.answers[name]), "type": "x"}
        self.reply(200, {"asset": {"value": asset}})

    def file(self, name):
        if name not in self.store.answers:
            self.reply(404, {"title": "expired"})
            return
        content = self.store.answers[name]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        part = content[start:]
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.store.damaged:
            self.store.damaged -= 1
            middle = len(part) // 2
            part = (
                part[:middle] + bytes(255 - byte for byte in part[middle : middle + 50]) + part[middle + 50 :]
            )
        if self.store.cut:
            self.store.cut -= 1
            part = part[: len(part) // 2]
        self.wfile.write(part)
        self.store.seen["bytes"] += len(part)
        self.close_connection = True

    def is_known(self):
        if self.headers.get("PRIVATE-TOKEN") == KEY:
            return True
        self.reply(401, {"title": "operation not allowed", "detail": "the token is not known"})
        return False

    @property
    def root(self):
        return f"http://127.0.0.1:{self.server.server_port}/api"

    def job(self, name, status):
        job = f"{self.root}/retrieve/v1/jobs/{name}"
        links = [{"rel": "monitor", "href": job}, {"rel": "self", "href": job}]
        links += [{"rel": "results", "href": f"{job}/results"}] if status in ("successful", "failed") else []
        return {"jobID": name, "status": status, "metadata": {}, "links": links}

    def reply(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def serve_cds(store):
    """Serve a `FakeClimateDataStore`; the service's address is this one with /api."""
    return served(partial(CdsHandler, store))


def zipped_answer(dataset, request):
    """As the service answers: daily statistics in a file for each variable, hours in one for each kind of step."""
    north, west, south, east = request["area"]
    latitudes = np.arange(north, south - 0.1, -0.25)
    longitudes = np.arange(west, east + 0.1, 0.25)
    month = f"{request['year'][0]}-{request['month'][0]}"
    days = np.array([f"{month}-{day}" for day in request["day"]], "datetime64[D]")
    names = [SHORT[name] for name in request["variable"]]
    files = {}
    if "daily_statistic" in request:
        reduce = {"daily_mean": np.mean, "daily_maximum": np.max, "daily_sum": np.sum}[
            request["daily_statistic"]
        ]
        for i, (long, name) in enumerate(zip(request["variable"], names, strict=True)):
            values = daily_truth(name, days, latitudes, longitudes, reduce)
            stream = "stream-oper" if i == 0 else "0"
            file = delivered({name: values}, days, latitudes, longitudes, versions=None)
            files[f"{long}_{stream}_{request['daily_statistic'].replace('_', '-')}.nc"] = file
    else:
        hours = pd.date_range(days[0], days[-1] + np.timedelta64(1, "D"), freq="h", inclusive="left").values
        kinds = {
            "instant": [n for n in names if n not in ACCUMULATED],
            "accum": [n for n in names if n in ACCUMULATED],
        }
        for kind, group in kinds.items():
            values = {name: hourly_truth(name, hours, latitudes, longitudes) for name in group}
            if group:
                files[f"data_stream-oper_stepType-{kind}.nc"] = delivered(
                    values, hours, latitudes, longitudes
                )
    if len(files) == 1:
        return next(iter(files.values()))
    return zipped(files)


def zipped(files):
    """Bytes of a zip with members by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def delivered(values, times, latitudes, longitudes, versions="0001"):
    """Bytes of a netCDF file in the service's present layout: `valid_time`, scalar `number`, `expver` as strings."""
    axes = ("valid_time", "latitude", "longitude")
    coords = {
        "number": ((), 0, {"standard_name": "realization", "units": "1"}),
        "valid_time": ("valid_time", np.asarray(times, "datetime64[ns]"), {"standard_name": "time"}),
        "latitude": ("latitude", latitudes, {"units": "degrees_north", "standard_name": "latitude"}),
        "longitude": ("longitude", longitudes, {"units": "degrees_east", "standard_name": "longitude"}),
    }
    if versions:
        coords["expver"] = ("valid_time", np.array([versions] * len(times), object))
    fields = {name: (axes, v.astype("float32"), {"units": UNITS[name]}) for name, v in values.items()}
    ds = xr.Dataset(fields, coords, {"Conventions": "CF-1.7", "institution": "ECMWF"})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "delivered.nc"
        ds.to_netcdf(file, engine="netcdf4")
        return file.read_bytes()


class CountingFiles(SimpleHTTPRequestHandler):
    """A folder over HTTP, which counts what is read; `broken_after` requests of chunks it fails."""

    protocol_version = "HTTP/1.1"

    def __init__(self, seen, key, *arguments, **options):
        self.seen, self.key = seen, key
        super().__init__(*arguments, **options)

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.key and self.headers.get("Authorization") != f"Bearer {self.key}":
            self.send_error(401)
            return
        self.seen[self.path] += 1
        chunks = sum(count for path, count in self.seen.items() if path[-1].isdigit())
        if self.path[-1].isdigit() and chunks > self.seen.get("broken_after", np.inf):
            self.send_error(503)
            return
        super().do_GET()


def serve_folder(folder, seen, key=None):
    """Serve a folder, counting paths in `seen`, a Counter; with `key` only to those who bear it."""
    return served(partial(CountingFiles, seen, key, directory=str(folder)))


def apart(monkeypatch, folder):
    """Nothing waits, no proxy is asked, and nobody's own cache or key is touched."""
    monkeypatch.setenv("DSC_TF_CACHE", str(folder / "cache"))
    monkeypatch.setenv("CDSAPI_RC", str(folder / "no-such-file"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("CDSAPI_URL", "CDSAPI_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("dsc_tf.datasets.era5.cds.PAUSE", "dsc_tf.datasets.era5.arco.PAUSE"):
        monkeypatch.setattr(name, 0.01)
    monkeypatch.setattr("dsc_tf.datasets.era5.cds.POLL", (0.01, 0.02))
