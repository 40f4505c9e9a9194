"""The log of a preparation: rows read and rejected by source and reason, and each rejected row in a file.

It must not decide what is rejected.
"""

import json
from collections import Counter
from pathlib import Path

from mlops.domain.dataset.rows import Reason, Source

LONGEST_KEPT = 4000  # characters of a rejected row that are kept for people


class RejectionLog:
    """Counts, and `rejected.jsonl`: source, split, position (from 0), reason, detail and the row as JSON, maybe cut."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self.sources: list[Source] = []
        self.read: Counter[Source] = Counter()
        self.rejected: Counter[tuple[Source, str]] = Counter()
        self.personal: Counter[str] = Counter()
        self.redacted: Counter[str] = Counter()

    def open(self, source: Source) -> int:
        """The number of a source; one without rows is listed too."""
        if source not in self.sources:
            self.sources.append(source)
            self.read[source] = 0
        return self.sources.index(source)

    def reject(self, source: Source, position: int, reason: Reason, detail: str, row: object) -> None:
        """Count a row (its line, or its value) as not used, and keep what people need to see of it."""
        self.rejected[source, str(reason)] += 1
        text = row.decode() if isinstance(row, bytes) else json.dumps(row, default=str)
        record = {
            "source": source.name,
            "split": source.split,
            "position": position,
            "reason": reason,
            "detail": detail,
            "row": text.rstrip()[:LONGEST_KEPT] if reason is not Reason.PERSONAL_DATA else "",
        }
        self._file.write(f"{json.dumps(record)}\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
