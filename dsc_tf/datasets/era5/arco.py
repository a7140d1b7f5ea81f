"""Public Zarr stores of hourly ERA5, read over HTTPS: only the chunks that are needed, each of them once.

Daily statistics are made here as the Climate Data Store makes them: a value that accumulates over the hour before
its time belongs to the day of that hour.
"""

import time
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import xarray as xr

from ...errors import DscTfError
from ...records.selection import choose_region
from .account import credentials
from .record import checked
from .request import STEP, Piece
from .variables import VARIABLES, short_names

MOST_BYTES = 2**28  # of hourly values in memory at a time
TRIES, PAUSE = 4, 20.0  # of a failed transfer, with seconds between
REDUCTIONS = {"mean": np.mean, "maximum": np.max, "minimum": np.min, "sum": np.sum}
HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True)
class Layout:
    """What is known of a store.

    Parameters
    ----------
    url : str
        Its address.
    chunks : tuple of int
        Of a variable: hours, latitudes, longitudes.
    first_day : datetime.date
        Where its axis of time begins.
    corner : tuple of float
        First latitude and longitude.
    variables : tuple of str or None
        Short names held; None for all that are known.
    has_long_names : bool
        Whether it names variables as the Climate Data Store does.
    needs_key : bool
        Whether it asks for the key of an account at the Climate Data Store.
    """

    url: str
    chunks: tuple
    first_day: date
    corner: tuple
    variables: tuple | None
    has_long_names: bool
    needs_key: bool


LAYOUTS = {
    # Made for long series of small regions; called experimental by those who keep it.
    "arco": Layout(
        "https://arco.datastores.ecmwf.int/cadl-arco-geo-002/arco/reanalysis_era5_single_levels/sfc/geoChunked.zarr",
        (67584, 4, 4),
        date(1940, 1, 1),
        (-90.0, -180.0),
        tuple(
            "blh cbh d2m fdir fg10 msl skt slhf sp sshf ssrd sst strd t2m tcc tp u10 u100 v10 v100".split()
        ),
        has_long_names=False,
        needs_key=True,
    ),
    # Made for the whole globe at a few times; no account.
    "google": Layout(
        "https://storage.googleapis.com/gcp-public-data-arco-era5/ar/full_37-1h-0p25deg-chunk-1.zarr-v3",
        (1, 721, 1440),
        date(1900, 1, 1),
        (90.0, 0.0),
        None,
        has_long_names=True,
        needs_key=False,
    ),
}


class ZarrStore:
    """ERA5 from a public Zarr store.

    Parameters
    ----------
    request : Request
        What is wanted.
    layout : Layout
        Of which store.

    Raises
    ------
    DscTfError
        If the store lacks a variable.
    """

    licence = "CC-BY-4.0"

    def __init__(self, request, layout):
        short_names(request.variables, layout.variables)
        self.request, self.layout = request, layout
        self.dataset = layout.url
        self.ds = None

    def pieces(self):
        """One variable each, of whole chunks in space or of a month, whichever reads every chunk once."""
        if self.layout.chunks[0] < 24:
            parts = [
                (f"{month[0]:%Y-%m}", replace(self.request, period=month)) for month in self.request.months()
            ]
        else:
            parts = [(f"{box[0]:g}_{box[1]:g}", replace(self.request, region=box)) for box in self._tiles()]
        return [
            self._piece(text, replace(part, variables=(name,)))
            for name in self.request.variables
            for text, part in parts
        ]

    def _piece(self, text, part):
        return Piece(f"{part.variables[0]}-{text}", {"store": self.dataset} | part.as_json(), part)

    def _tiles(self):
        """Boxes of whole chunks, as many chunks wide as memory bears."""
        rows = _runs(self._places("latitude"), self.layout.chunks[1])
        hours = 24 * self.request.days + 1
        width = max(1, MOST_BYTES // (4 * hours * self.layout.chunks[1] * self.layout.chunks[2]))
        columns = _runs(self._places("longitude"), self.layout.chunks[2] * width)
        latitude, longitude = self.request.latitude, self.request.longitude
        return [
            tuple(
                float(v)
                for v in (latitude[r].max(), longitude[c].min(), latitude[r].min(), longitude[c].max())
            )
            for r in rows
            for c in columns
        ]

    def _places(self, axis):
        """Positions of the grid points wanted on an axis of the store."""
        first = self.layout.corner[0 if axis == "latitude" else 1]
        steps = np.rint((getattr(self.request, axis) - first) / STEP).astype(int)
        return np.abs(steps) if axis == "latitude" else steps % round(360 / STEP)

    def requests(self):
        """What will be read, as JSON can hold it."""
        return [{"store": self.dataset, "chunks": list(self.layout.chunks)} | self.request.as_json()]

    def transfer_bytes(self):
        """Bytes of all chunks that hold what is wanted, uncompressed."""
        hours, rows, columns = self.layout.chunks
        touched = len(set(self._places("latitude") // rows)) * len(set(self._places("longitude") // columns))
        first, last = (24 * (day - self.layout.first_day).days for day in self.request.period)
        chunks = ((last + 23) // hours - first // hours + 1) * touched
        return 4 * hours * rows * columns * chunks * len(self.request.variables)

    def connect(self):
        """Open the store: its metadata and axes are read.

        Raises
        ------
        DscTfError
            If a package or a key is missing, or the store cannot be reached or does not hold the period.
        """
        for module in ("zarr", "aiohttp", "fsspec"):
            try:
                __import__(module)
            except ImportError as error:
                raise DscTfError(
                    f"download: {module} is missing. Install it: python -m pip install 'dsc_tf[download]'."
                ) from error
        import aiohttp

        options = {
            "client_kwargs": {
                "trust_env": True,
                "timeout": aiohttp.ClientTimeout(sock_connect=60, sock_read=600),
            }
        }
        if self.layout.needs_key:
            options["headers"] = {"Authorization": f"Bearer {credentials()[1]}"}
        self.ds = self._patiently(
            lambda: xr.open_zarr(
                self.dataset, chunks=None, consolidated=True, zarr_format=2, storage_options=options
            ),
            tries=1,
        )
        self._check_period()

    def _check_period(self):
        attributes = self.ds.attrs
        last = attributes.get("valid_time_stop_era5t", attributes.get("valid_time_stop"))
        last = np.datetime64(
            last or self.ds["time"].values[-1], "D"
        )  # its axis runs on beyond what is filled
        if np.datetime64(self.request.period[1]) > last:
            raise DscTfError(
                f"period: the store ends on {last}. Give an earlier --period, or another --source."
            )

    def fetch(self, piece, store, note):
        """One piece, read and reduced.

        Parameters
        ----------
        piece : Piece
            One of `pieces`.
        store : PieceStore
            Not needed here: a piece is small.
        note : callable
            Takes a few words on how far it is.

        Returns
        -------
        xr.Dataset
            One variable by its short name over (time, latitude, longitude).

        Raises
        ------
        DscTfError
            If the store cannot be reached, or does not hold what was asked for.
        """
        (short,) = piece.request.variables
        held = VARIABLES[short].name if self.layout.has_long_names else short
        if held not in self.ds:
            raise DscTfError(
                f"variables: the store does not hold {held}. Leave it out, or take another --source."
            )
        note(piece.name)
        is_daily = piece.request.is_daily
        late = HOUR if is_daily and VARIABLES[short].is_accumulated else 0 * HOUR
        start, end = (np.datetime64(day, "h") + late for day in piece.request.period)
        end = end + 23 * HOUR
        part = choose_region(self.ds[[held]].sel(time=slice(start, end)), piece.request.region)
        if part.sizes["time"] != 24 * piece.request.days:
            raise DscTfError(
                f"period: the store holds {part.sizes['time']} of {24 * piece.request.days} hours from {start} to "
                f"{end}. Give another --period, or another --source."
            )
        hourly = self._patiently(part.transpose("time", "latitude", "longitude").load)
        hourly = hourly.rename({held: short}).reset_coords(drop=True)
        return checked(_daily(hourly, piece.request) if is_daily else hourly, piece.request)

    def _patiently(self, read, tries=TRIES):
        """Read, again if the connection breaks."""
        import aiohttp

        for left in reversed(range(tries)):
            try:
                return read()
            except FileNotFoundError as error:
                raise DscTfError(
                    f"source: there is no store at {self.dataset}; it may have moved. Take another --source."
                ) from error
            except aiohttp.ClientResponseError as error:
                if error.status in (401, 403):
                    raise DscTfError(
                        f"credentials: the store refuses the key ({error.status}). Check it as data/README.md says."
                    ) from error
                fault = DscTfError(f"service: the store fails ({error.status}). Run the same command later.")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                fault = DscTfError(
                    f"network: {self.dataset} cannot be reached ({type(error).__name__}). Check the connection."
                )
            if left:
                time.sleep(PAUSE)
        raise fault


def _daily(hourly, wanted):
    """Statistics of whole days from hours that begin with a day's first."""
    (short,) = wanted.variables
    values = hourly[short].values
    by_day = values.reshape(wanted.days, 24, *values.shape[1:]).astype(np.float64)
    reduced = REDUCTIONS[wanted.statistic](by_day, axis=1).astype(np.float32)
    axes = {"time": wanted.time, "latitude": hourly["latitude"], "longitude": hourly["longitude"]}
    return xr.Dataset({short: (tuple(axes), reduced, hourly[short].attrs)}, axes)


def _runs(places, length):
    """Slices of consecutive positions that lie in one block of `length`."""
    edges = np.flatnonzero(np.diff(places // length)) + 1
    return [slice(a, b) for a, b in zip([0, *edges], [*edges, len(places)], strict=True)]
