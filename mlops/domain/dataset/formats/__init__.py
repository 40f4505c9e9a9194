"""The formats in which teams have conversations: each is recognised by its keys and becomes messages of ours.

Nothing here reads a file. A row is a decoded value; `mlops.dataset.formats` has what decodes files.
"""

from mlops.domain.dataset.formats.recognise import FORMATS, GROUPED, LOOKED_AT, Format, convert, find, recognise

__all__ = ["FORMATS", "GROUPED", "LOOKED_AT", "Format", "convert", "find", "recognise"]
