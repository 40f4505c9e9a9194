"""Names of assets in their several spellings, and the digest of a set of parameters. It must not look assets up."""

import hashlib
import json
from collections.abc import Mapping

DIGEST_LENGTH = 12


def label(asset_id: str) -> str:
    """`name:version` of an asset id, whether of a registry or of a workspace; what is no id stays as it is."""
    parts = asset_id.removeprefix("azureml:").strip("/").split("/")
    return f"{parts[-3]}:{parts[-1]}" if len(parts) >= 3 and parts[-2] == "versions" else asset_id


def parse_model(text: str) -> tuple[str, str]:
    """Name and version of a model as people write it; an empty version where none is named, or `latest`.

    `NAME:VERSION`, `azureml:NAME:VERSION`, `NAME@latest`, `NAME` or an asset id, with blanks around.
    """
    named = label(text.strip()).removeprefix("azureml:")
    name, _, version = named.partition("@" if "@" in named else ":")
    return name.strip(), version.strip()


def registry_of(asset_id: str) -> str:
    """The registry of `azureml://registries/R/...`; empty for any other id."""
    parts = asset_id.split("/")
    return parts[3] if asset_id.startswith("azureml://registries/") and len(parts) > 3 else ""


def parameters_digest(literals: Mapping[str, str]) -> str:
    """12 hexadecimal digits: the same for the same parameters, in whatever order."""
    text = json.dumps(dict(sorted(literals.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
