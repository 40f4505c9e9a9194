"""Tags of blobs: at most ten pairs, by which a blob can be found; not the metadata.

Source: the Blob service REST API, Set and Get Blob Tags.
"""

import re
from urllib.parse import parse_qsl
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.request import Content, Request

MOST_TAGS = 10
_TEXT = r"[A-Za-z0-9 +\-./:=_]"
_KEY, _VALUE = re.compile(_TEXT + r"{1,128}"), re.compile(_TEXT + r"{0,256}")


def of_header(request: Request) -> dict[str, str]:
    """The tags that a write states in `x-ms-tags`, as a query string. Raises a 400."""
    return checked(parse_qsl(request.headers.get("x-ms-tags", ""), keep_blank_values=True))


def of_body(body: Content) -> dict[str, str]:
    """The tags of a `Tags` document. Raises a 400."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # expat of today bounds what entities grow to
    except (ElementTree.ParseError, ValueError):
        raise ServiceError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.") from None
    return checked([(tag.findtext("Key") or "", tag.findtext("Value") or "") for tag in root.iterfind("TagSet/Tag")])


def checked(tags: list[tuple[str, str]]) -> dict[str, str]:
    """The tags, when the service takes them. Raises a 400."""
    found = dict(tags)
    if len(tags) > MOST_TAGS:
        text = "The tags specified exceed the maximum permissible limit."
        raise ServiceError(400, "TagsTooLarge", text)
    if "" in found:
        raise ServiceError(400, "EmptyTagName", "The name of one of the tag key-value pairs is empty.")
    if len(found) < len(tags):
        raise ServiceError(400, "DuplicateTagNames", "The tags specified contain duplicate names.")
    if not all(_KEY.fullmatch(key) and _VALUE.fullmatch(text) for key, text in tags):
        text = "The tags specified are invalid. It contains characters that are not permitted."
        raise ServiceError(400, "InvalidTag", text)
    return found


def tag_set(tags: dict[str, str]) -> str:
    """Tags as XML."""
    pairs = (f"<Tag><Key>{escape(key)}</Key><Value>{escape(text)}</Value></Tag>" for key, text in tags.items())
    return f"<TagSet>{''.join(pairs)}</TagSet>"
