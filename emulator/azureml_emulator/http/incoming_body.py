"""The body of a request while it comes: a large one is read where it will stay.

It must not know where it comes from, nor how its end is found.
"""

from azureml_emulator.core.request import LARGE, Content

MOST_AT_ONCE = 256 * 1024 * 1024  # bytes for which room is made because a client says that they will come


class IncomingBody:
    """So many bytes as were `stated`, the value of a header that may be missing or wrong."""

    def __init__(self, stated: str = "") -> None:
        size = int(stated) if stated.isdecimal() else 0
        self._whole = bytearray(size) if LARGE < size <= MOST_AT_ONCE else bytearray()
        self._left = memoryview(self._whole)
        self._pieces: list[bytes] = []

    @property
    def place(self) -> memoryview:
        """Where what comes next can be put; empty where no place is kept."""
        return self._left

    def add(self, piece: bytes) -> None:
        """The next piece. Raises ValueError for more than was stated."""
        if not self._whole:
            self._pieces.append(piece)
            return
        self._left[: len(piece)] = piece
        self.came(len(piece))

    def came(self, size: int) -> None:
        """The next so many bytes are at `place` already."""
        self._left = self._left[size:]

    def content(self) -> Content:
        """All that came."""
        if self._whole and not self._left:
            return self._whole
        return b"".join(self._pieces)
