"""Data preparation on this machine: from rows of a public dataset and the team's own conversations to files.

It must not judge a conversation (`mlops.domain.dataset`) and must not talk to Azure. It imports nothing heavy until
data is really prepared.
"""

from mlops.dataset.options import Options, Prepared, SourceChange
from mlops.dataset.prepare import MINIMUM_TRAIN_ROWS, check, prepare

__all__ = ["MINIMUM_TRAIN_ROWS", "Options", "Prepared", "SourceChange", "check", "prepare"]
