"""Precision and recall of personal data and secrets: `python benchmarks/personal.py [--missed]`.

Of each kind, measured on `tests/personal/labelled.jsonl`, texts made up by the project: values in the forms in which
people write them, some of which no pattern knows, and texts that only look like values. A text counts once a kind.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mlops.domain.dataset import personal
from tests.labelled_texts import labelled


def main() -> None:
    """Measure, print Markdown."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--missed", action="store_true", help="print the texts that were judged wrongly")
    given = options.parse_args()
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in (*personal.KINDS, "all")}
    for one in labelled():
        found = set(personal.find(one.text))
        for kind in found | one.kinds:
            how = "right" if kind in found & one.kinds else "missed" if kind in one.kinds else "wrong"
            counts[kind][how] += 1
            counts["all"][how] += 1
            if given.missed and how != "right":
                print(f"{how} {kind}: {one.text}", file=sys.stderr)
    print("| kind | values | found | recall | wrongly | precision |\n|---|---|---|---|---|---|")
    for kind, count in counts.items():
        there, told = count["right"] + count["missed"], count["right"] + count["wrong"]
        recall, precision = count["right"] / max(1, there), count["right"] / max(1, told)
        print(f"| {kind} | {there} | {count['right']} | {recall:.2f} | {count['wrong']} | {precision:.2f} |")


if __name__ == "__main__":
    main()
