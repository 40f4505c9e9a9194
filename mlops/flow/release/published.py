"""What a training takes, as this project's published site says it: for a job that has no workspace to ask.

What cannot be read is not known: a comment is worth having without it.
"""

import urllib.request
from contextlib import suppress

from pydantic import TypeAdapter, ValidationError

from mlops.domain.training.costs import Estimate

FILE = "estimate.json"
LARGEST = 16 * 1024  # bytes
TIMEOUT_SECONDS = 10


def estimate(site: str) -> Estimate | None:
    """Of the site at an address; None where there is no address, or nothing of this form behind it."""
    if not site.startswith(("https://", "http://127.0.0.1:")):
        return None
    with suppress(OSError, ValueError, ValidationError):
        address = f"{site.rstrip('/')}/{FILE}"
        with urllib.request.build_opener().open(address, timeout=TIMEOUT_SECONDS) as answer:
            return _FORM.validate_json(answer.read(LARGEST))
    return None


_FORM: TypeAdapter[Estimate | None] = TypeAdapter(Estimate | None)
