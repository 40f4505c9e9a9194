"""What the preparation keeps of a row in memory, on which its flat memory rests."""

import numpy as np
import pytest

from mlops.dataset import table


@pytest.mark.parametrize("rows", [1, 1000])
def test_a_row_takes_99_bytes_whatever_its_texts_are(rows: int) -> None:
    assert np.zeros(rows, dtype=table.ROW).nbytes == 99 * rows
    assert not any(table.ROW[name].hasobject for name in table.ROW.names or ())
