"""The account at the Climate Data Store: its key, and what to do where the service refuses, in one line each."""

import os
import re
from pathlib import Path

from ...errors import DscTfError

PLAIN_HTTP = "DSC_TF_PLAIN_HTTP"  # environment variable that allows unencrypted addresses
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
PAGE = "https://cds.climate.copernicus.eu"


def credentials():
    """Address, key and whether to verify certificates, where cdsapi keeps them.

    Raises
    ------
    DscTfError
        If cdsapi is not installed, there is no key of today's form, or the address is not encrypted.
    """
    try:
        from cdsapi.api import get_url_key_verify
    except ImportError as error:
        raise DscTfError(
            "download: cdsapi is missing. Install it: python -m pip install 'dsc_tf[download]'."
        ) from error
    file = os.environ.get("CDSAPI_RC", str(Path.home() / ".cdsapirc"))
    advice = f"Make an account on {PAGE}, and write the two lines of {PAGE}/how-to-api into {file}."
    try:
        url, key, verify = get_url_key_verify(None, None, None)
    except Exception as error:  # it raises nothing narrower where the file is missing
        raise DscTfError(f"credentials: no key for the Climate Data Store in {file}. {advice}") from error
    if not key or ":" in key:
        raise DscTfError(
            f"credentials: the key in {file} is not one of today's, which have no colon. {advice}"
        )
    if not url.lower().startswith("https://") and os.environ.get(PLAIN_HTTP) != "1":
        raise DscTfError(
            f"credentials: the address {url} in {file} is not encrypted, so the key could be read on its way. "
            f"Write https://, or set {PLAIN_HTTP}=1 for a server of this machine."
        )
    return url.rstrip("/"), key, verify


def refusal(error, dataset):
    """What the user can do about an error of the service.

    Parameters
    ----------
    error : Exception
        As requests or the service's client raised it.
    dataset : str
        What was asked for.

    Returns
    -------
    DscTfError
        To be raised.
    """
    status = getattr(getattr(error, "response", None), "status_code", None)
    text = KEY.sub("KEY", " ".join(str(error).split()))  # an answer may repeat the key
    told = text.split(" for url: ")[-1].partition(" ")[2] if status else text
    lower = text.lower()
    if status == 401:
        return DscTfError(
            f"credentials: the Climate Data Store does not know this key. Copy it again from {PAGE}/how-to-api."
        )
    if status in (400, 403) and any(word in lower for word in ("cost limit", "too large", "too many")):
        return DscTfError(
            f"request: too large for the Climate Data Store ({told}). Give fewer variables or a smaller region."
        )
    if status == 403 and any(word in lower for word in ("licence", "license", "polic", "terms")):
        found = re.search(r"https?://[^\s'\"<>]+", told)
        page = (
            found.group().rstrip(".,;)")
            if found
            else f"{PAGE}/datasets/{dataset}?tab=download#manage-licences"
        )
        return DscTfError(f"licence: not accepted yet. Accept it once, signed in, at {page}, then run again.")
    if status == 429 or "queue" in lower and "limit" in lower:
        return DscTfError(f"request: too many at once for this account ({told}). Run the same command later.")
    if status is None and type(error).__module__.startswith("requests"):
        reason = type(error).__name__
        return DscTfError(
            f"network: the Climate Data Store cannot be reached ({reason}). Check the connection."
        )
    if status and status >= 500:
        return DscTfError(f"service: the Climate Data Store fails ({status}). Run the same command later.")
    return DscTfError(
        f"request: the Climate Data Store refused it ({told[:300]}). Change it, or see {PAGE}/requests."
    )
