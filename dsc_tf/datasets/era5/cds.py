"""The Climate Data Store: requests, its queue, and its refusals in one line each."""

import itertools
import time
import warnings
from contextlib import suppress
from dataclasses import replace

from ...errors import DscTfError
from .account import credentials, refusal
from .answers import Damaged, fetched, unpacked
from .record import checked
from .request import Piece
from .variables import VARIABLES

DAILY, HOURLY = "derived-era5-single-levels-daily-statistics", "reanalysis-era5-single-levels"
# Hourly fields that a request may need: the service refuses more by cost, and does not say where it draws the line.
# Eight variables of one month fit.
MOST_FIELDS = 6000
POLL = (1.0, 60.0)  # seconds between two looks at a queue, at first and at most
TRIES, PAUSE = 4, 20.0  # of a failed connection, with seconds between
AHEAD = 4  # jobs in the queue at a time
ATTEMPTS = 3  # at an answer that arrives damaged


class ClimateDataStore:
    """ERA5 from the Climate Data Store, for an account there.

    Parameters
    ----------
    request : Request
        What is wanted.
    """

    licence = "CC-BY-4.0"

    def __init__(self, request):
        self.request = request
        self.dataset = DAILY if request.is_daily else HOURLY
        self.client = None

    def pieces(self):
        """Months, and within them groups of variables that one request may ask for."""
        several = MOST_FIELDS // (31 * 24)
        names = self.request.variables
        groups = [names[i : i + several] for i in range(0, len(names), several)]
        parts = [
            replace(self.request, variables=group, period=month)
            for month, group in itertools.product(self.request.months(), groups)
        ]
        return [
            Piece(f"{part.period[0]:%Y-%m}", {"dataset": self.dataset, "request": _inputs(part)}, part)
            for part in parts
        ]

    def requests(self):
        """What will be asked for, as JSON can hold it."""
        return [piece.about for piece in self.pieces()]

    def transfer_bytes(self):
        """Bytes to transfer, uncompressed: the service cuts out what is asked for."""
        return self.request.n_bytes

    def connect(self):
        """Find the account and see whether the service can be reached.

        Raises
        ------
        DscTfError
            If cdsapi is not installed, there is no account's key, or no network.
        """
        url, key, verify = credentials()
        import requests
        from ecmwf import datastores

        try:
            requests.head(url, timeout=30, verify=verify)
        except requests.RequestException as error:
            raise refusal(error, self.dataset) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # its news, when they cannot be had
            self.client = datastores.Client(
                url=url, key=key, verify=verify, progress=False, maximum_tries=TRIES, retry_after=PAUSE
            )

    def fetch(self, piece, store, note):
        """One piece, waited for in the queue.

        Parameters
        ----------
        piece : Piece
            One of `pieces`.
        store : PieceStore
            Keeps the number of the job and what has been transferred, so that a later call goes on.
        note : callable
            Takes a few words on how far it is.

        Returns
        -------
        xr.Dataset
            Variables by short names over (time, latitude, longitude).

        Raises
        ------
        DscTfError
            If the service refuses, or its answer stays damaged.
        """
        import requests
        from ecmwf.datastores.processing import DownloadError, ProcessingFailedError

        job, answer = store.scratch(piece, ".job"), store.scratch(piece, ".answer")
        fault = None
        for _ in range(ATTEMPTS):
            try:
                results = self._results(piece, store, note)
                note(f"{piece.name}: transferring")
                fetched(results.location, answer, results.content_length, tries=TRIES, pause=PAUSE)
                return checked(unpacked(answer, piece.request.variables), piece.request)
            except Damaged as error:
                fault = DscTfError(
                    f"{piece.name}: the answer came damaged {ATTEMPTS} times ({error}). Run the same command later."
                )
                answer.unlink(missing_ok=True)
            except DscTfError:  # the same answer would come again, even where the service holds more by then
                job.unlink()
                answer.unlink()
                raise
            except (requests.RequestException, ProcessingFailedError, DownloadError) as error:
                fault = refusal(error, self.dataset)
                if not _may_go_on(error):
                    job.unlink(missing_ok=True)
                if not _is_gone(error):
                    raise fault from error
                answer.unlink(missing_ok=True)
        raise fault

    def _results(self, piece, store, note):
        """The answer to a job, submitted now or earlier; the next pieces are put into the queue as well."""
        import requests

        pieces = self.pieces()
        here = pieces.index(piece)
        remote = self.client.get_remote(self._job(piece, store))
        for later in pieces[here + 1 : here + AHEAD]:
            if not store.path(later).exists():
                with suppress(requests.RequestException):  # told when it is that piece's turn
                    self._job(later, store)
        pause, most = POLL
        while not remote.results_ready:
            note(f"{piece.name}: {remote.last_status}")
            time.sleep(pause)
            pause = min(1.5 * pause, most)
        return remote.get_results()

    def _job(self, piece, store):
        """The number of a piece's job, submitted if it was not before."""
        job = store.scratch(piece, ".job")
        if not job.exists():
            job.write_text(self.client.submit(piece.about["dataset"], piece.about["request"]).request_id)
        return job.read_text()


def _inputs(part):
    """The service's words for a month of a request."""
    first, last = part.period
    inputs = {
        "product_type": ["reanalysis"],
        "variable": [VARIABLES[name].name for name in part.variables],
        "year": [f"{first:%Y}"],
        "month": [f"{first:%m}"],
        "day": [f"{day:02d}" for day in range(first.day, last.day + 1)],
        "area": list(part.region),
    }
    if part.is_daily:
        return inputs | {
            "product_type": "reanalysis",
            "daily_statistic": f"daily_{part.statistic}",
            "time_zone": "utc+00:00",
            "frequency": "1_hourly",
        }
    hours = [f"{hour:02d}:00" for hour in range(24)]
    return inputs | {"time": hours, "data_format": "netcdf", "download_format": "unarchived"}


def _is_gone(error):
    """Whether a job or its answer is no longer kept, so that it must be requested again."""
    return getattr(getattr(error, "response", None), "status_code", None) in (404, 410)


def _may_go_on(error):
    """Whether the job is as good as before: the way to it was cut, or the service failed."""
    response = getattr(error, "response", None)
    return type(error).__module__.startswith("requests") and (response is None or response.status_code >= 500)
