"""What texts in params.yaml must look like, each in words, too, and what was probably meant by one that does not."""

import re

from mlops.domain.asset_ids import parse_model

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$"
ENDPOINT = r"^([a-zA-Z]|\{project\})([-a-zA-Z0-9{}_]*[a-zA-Z0-9}])?$"
ENVIRONMENT = r"^[A-Za-z][A-Za-z0-9_-]{0,38}$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
# Source: "Naming rules and restrictions for Azure resources", and the pattern of workspaces in Azure's API.
GROUP = r"^[\w().-]*[\w()-]$"  # its length is asked for beside it: counted in here, it takes 50 ms to compile
MOST_OF_A_GROUP = 90
WORKSPACE = r"^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$"
UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
JUDGE = r"^https://[a-zA-Z0-9.-]+/?$|^[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]$"

WORDS = {
    NAME: "a name has 1 to 255 letters, digits, periods, hyphens and underscores, the first a letter or digit",
    ENDPOINT: "an endpoint's name has letters, digits and hyphens, the first a letter, the last none; and blanks in {}",
    ENVIRONMENT: "an environment's name has 1 to 39 letters, digits, hyphens and underscores, the first a letter",
    VARIABLE: "a variable's name has letters, digits and underscores, the first no digit",
    GROUP: "a resource group's name has letters, digits, underscores, hyphens, periods and brackets, no period last",
    WORKSPACE: "a workspace's name has 3 to 33 letters, digits, hyphens and underscores, the first a letter or digit",
    UUID: "an id is a UUID, such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    JUDGE: "give https://NAME.openai.azure.com, or the name of an online endpoint",
}


def meant(dotted: str, text: object) -> str:
    """What to write where an address or a label stands in place of a name; empty where nobody knows."""
    name, version = parse_model(str(text))
    name = name.rpartition("/")[2]
    if not re.match(NAME, name) or name == text:
        return ""
    if dotted == "model.base" and version:
        return f'give the name alone, {name}, and model.version: "{version}"'
    return f"give the name alone: {name}"
