"""Names every function, method, property and class that nothing but a test uses; exit code 1 where there are any.

`make check` runs it. Variables are left out: fields of dataclasses, parameters and enums are read by their shape.
"""

import sys
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (ROOT / "mlops", ROOT / "emulator" / "azureml_emulator")
KINDS = ("function", "method", "property", "class")
CALLED_BY_OTHERS = {  # by name -> who calls it
    "format_commands": "click",
    "get_command": "click",
    "list_commands": "click",
    "make_context": "click",
    "resolve_command": "click",
    "on_broken_pipe": "rich",
    "exit_codes": "the README's table is held to it by a test",
    "model_copy": "tests, to change a parameter of a project",
    "isatty": "whoever writes to the stream",
    "temporary_reference": "registry_calls.write, by its name",
    "data_reference": "registry_calls.write, by its name",
    "import_asset": "registry_calls.write, by its name",
    "__init_subclass__": "Python, for each subclass",
    "__getattr__": "Python, for a name that a package imports late",
    "on_request": "azure-core",
    "on_response": "azure-core",
    "get_final_get_url": "azure-core",
    "data_received": "asyncio, of the protocol of a connection",
    **dict.fromkeys(
        ("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete"),
        "httptools",
    ),
}
DECORATED = ["@together*", "@command*", "@click*", "@pytest*", "@cli*", "@*.command*"]


def main() -> int:
    """Look, and name what is dead."""
    found = Vulture(ignore_decorators=DECORATED)
    found.scavenge([str(folder) for folder in (*PACKAGES, ROOT / "tools", ROOT / "benchmarks")])
    dead = [
        item
        for item in found.get_unused_code(min_confidence=60)
        if item.typ in KINDS and item.name not in CALLED_BY_OTHERS and Path(item.filename).is_relative_to(ROOT)
    ]
    for item in dead:
        place = Path(item.filename).resolve().relative_to(ROOT)
        print(f"{place}:{item.first_lineno}: nothing uses the {item.typ} {item.name}; delete it", file=sys.stderr)
    return 1 if dead else 0


if __name__ == "__main__":
    raise SystemExit(main())
