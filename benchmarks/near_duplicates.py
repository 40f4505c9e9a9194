"""Recall and precision of the near-duplicate rule: `python benchmarks/near_duplicates.py [--pairs N] [--limit L]`.

For each kind of text (prose, code, CSV, numbers, Chinese, Arabic) pairs of an original and its edit are generated, how
alike they are is measured exactly, and all of them are searched at once. Recall counts pairs whose index is at least
the limit and 0.05; precision counts, of what was left out, that which is at least as near as the limit.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mlops.dataset.minhash import signatures
from mlops.dataset.near import Measured, nearly_equal
from mlops.domain.dataset.similar import shingles, similarity
from tests.near_pairs import KINDS, pairs


def main() -> None:
    """Measure, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=int, default=2000, help="of each kind")
    options.add_argument("--limit", type=float, default=0.85)
    given = options.parse_args()
    print(f"limit {given.limit}, {given.pairs:,} pairs of each kind\n")
    print("| | pairs at limit + 0.05 | found | recall | left out | precision | s |\n|---|---|---|---|---|---|---|")
    for kind in KINDS:
        print(measured(kind, given.pairs, given.limit))


def measured(kind: str, count: int, limit: float) -> str:
    """A row of the table."""
    made = list(pairs(kind, count, seed=7))
    indexes = np.array([similarity(*pair) for pair in made])
    texts = [text for pair in made for text in pair]
    start = time.perf_counter()
    ends = np.cumsum([len(text) for text in texts])
    signed = signatures(np.frombuffer(b"".join(texts), dtype=np.uint8), np.append(0, ends[:-1]), ends)
    search = nearly_equal(
        signed, np.arange(len(texts)), np.zeros(len(texts), dtype=bool), limit, Measured(lambda at: shingles(texts[at]))
    )
    left_out = {pair.row: pair.other for pair in search}
    seconds = time.perf_counter() - start
    near = np.flatnonzero(indexes >= limit + 0.05)
    found = sum(2 * number + 1 in left_out for number in near.tolist())
    right = sum(similarity(texts[row], texts[other]) >= limit for row, other in left_out.items())
    recall, precision = found / max(1, len(near)), right / max(1, len(left_out))
    return (
        f"| {kind} | {len(near):,} | {found:,} | {recall:.4f} | {len(left_out):,} | {precision:.4f} | {seconds:.1f} |"
    )


if __name__ == "__main__":
    main()
