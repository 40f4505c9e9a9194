"""`mlops report site`: where the site is."""

from collections.abc import Mapping

from mlops.render import Report
from mlops.site.write import WrittenSite


def report(result: WrittenSite) -> Report:
    """For people."""
    more = f"; {result.left_out} older ones are left out (--models)" if result.left_out else ""
    size = f"{result.bytes / 1_000_000:.1f} MB" if result.bytes >= 100_000 else f"{result.bytes / 1000:.0f} kB"
    return Report(
        "The site is written",
        (f"{result.files} files, {size}, {result.models} models{more}", f"open {result.path}/index.html"),
    )


def outputs(result: WrittenSite) -> Mapping[str, str]:
    """Where it is, for the step that publishes it."""
    return {"site": result.path}
