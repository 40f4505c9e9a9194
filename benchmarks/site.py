"""How long the site of 5, 50 and 500 releases takes to build, and how large it is: `python benchmarks/site.py`.

The facts are made up, so what is measured is templates and charts, not reading the workspace.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mlops.site.write import write
from tests.site_example import example


def main() -> None:
    """Build and print."""
    print(f"{'releases':>8}  {'seconds':>7}  {'ms a model':>10}  {'MB':>6}  {'largest page, kB':>16}")
    for releases in (5, 50, 500):
        facts = example(releases)
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            made = write(facts, Path(folder) / "site")
            took = time.perf_counter() - begun
            largest = max(path.stat().st_size for path in Path(made.path).rglob("*.html"))
        size = made.bytes / 1e6
        print(f"{releases:>8}  {took:>7.1f}  {1000 * took / releases:>10.0f}  {size:>6.1f}  {largest / 1000:>16.0f}")


if __name__ == "__main__":
    main()
