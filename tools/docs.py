"""Writes the generated documents, or with --check says which of them are out of date."""

import importlib
import json
import pkgutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def schema() -> str:
    """The JSON schema of params.yaml, for editors."""
    from mlops.params.schema import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


def coverage() -> str:
    """What the emulator answers, from its table of routes."""
    from azureml_emulator.control.routes import CONTROL_HOST
    from azureml_emulator.routes import ROUTES

    lines = [
        "# What the emulator answers",
        "",
        "Generated from `azureml_emulator/routes.py` by `make docs`. Anything else is answered with 501, and named.",
        "",
    ]
    hosts = list(dict.fromkeys(route.host for route in ROUTES))
    for host in sorted(hosts, key=lambda name: (name == CONTROL_HOST, hosts.index(name))):
        lines += [f"## `{host}`", "", "| methods | path | with | name |", "|---|---|---|---|"]
        for route in (row for row in ROUTES if row.host == host):
            when = f"`{route.when}`" if route.when else ""
            lines.append(f"| {route.methods} | `{route.path}` | {when} | {route.name} |")
        lines.append("")
    return "\n".join(lines)


def body_types() -> str:
    """The types of what calls to Machine Learning state."""
    sys.path.insert(0, str(ROOT))
    from tools.body_types import table

    return table()


def verdict() -> str:
    """The JSON schema of the document that `mlops gate` writes; a number that JSON does not have is a word there."""
    from pydantic import TypeAdapter

    from mlops.domain.evaluation.document import VerdictDocument

    def numbers(value: object) -> object:
        if isinstance(value, list):
            return [numbers(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "number":
            return {**{key: item for key, item in value.items() if key != "type"}, "$ref": "#/$defs/Number"}
        return {key: numbers(item) for key, item in value.items()}

    shape = numbers(TypeAdapter(VerdictDocument).json_schema(mode="serialization"))
    assert isinstance(shape, dict)
    words = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape, "title": "verdict.json of mlops gate"}
    return json.dumps({**head, "$defs": {**shape["$defs"], "Number": words}}, indent=2) + "\n"


def tags() -> str:
    """Every tag: on what it stands, who writes and reads it, its form."""
    from mlops.domain.tags import SCHEMA

    lines = [
        "# Tags",
        "",
        "State lives in Azure ML as tags; this is the schema. Generated from `mlops/domain/tags.py` by `make docs`.",
        "A name that ends in `-` is the beginning of many: what follows it stands before the colon in the form.",
        "",
        "| tag | on | written by | read by | value |",
        "|---|---|---|---|---|",
    ]
    for tag in SCHEMA:
        parts = (", ".join(tag.on), ", ".join(tag.writers), ", ".join(tag.readers), tag.form)
        lines.append(f"| `{tag.name}` | {' | '.join(parts)} |")
    return "\n".join(lines) + "\n"


def templates() -> str:
    """What each template of `infra` makes, and its parameters."""
    lines = [
        "# Templates for Azure",
        "",
        "What `mlops init cloud` deploys, and `az deployment` takes. Generated from `infra/` by `make docs`.",
        "",
    ]
    for path in sorted((ROOT / "infra").glob("*.json")):
        stated = json.loads(path.read_text(encoding="utf-8"))
        if "resources" not in stated:
            continue
        kinds = dict.fromkeys(f"`{one['type']}` {one['apiVersion']}" for one in stated["resources"])
        about = textwrap.fill(stated["metadata"]["description"], 120)
        lines += [f"## `infra/{path.name}`", "", about, ""]
        lines += ["It makes:", "", *(f"- {kind}" for kind in kinds)]
        lines += ["", "| parameter | type | default | what |", "|---|---|---|---|"]
        for name, one in stated["parameters"].items():
            default = f"`{json.dumps(one['defaultValue'])}`" if "defaultValue" in one else "none: it must be given"
            lines.append(f"| `{name}` | {one['type']} | {default} | {one['metadata']['description']} |")
        lines.append("")
    return "\n".join(lines)


def permissions() -> str:
    """The roles of `infra/roles.json`, each action with the calls that ask for it."""
    return str(_roles().table())


def roles() -> str:
    """`infra/roles.json`, from the calls that rehearsals make."""
    return str(_roles().whole())


def _roles() -> ModuleType:
    sys.path.insert(0, str(ROOT))
    from tools import roles as found

    return found


def interfaces() -> str:
    """The inputs of the training component in every version of the catalog, for checks without a cloud."""
    from azureml_emulator.catalog import components

    kept = ("type", "optional", "default", "enum", "min", "max")
    found = [
        {
            "name": one.name,
            "version": one.version,
            "inputs": {
                name: {"optional": False, **{key: said[key] for key in kept if key in said}}
                for name, said in sorted(one.inputs.items())
            },
        }
        for one in components.versions(components.REGISTRY, "chat_completion_pipeline")
    ]
    source = "Azure/azureml-assets, by emulator/azureml_emulator/catalog/components; written by `make docs`"
    return json.dumps({"source": source, "components": found}, indent=1) + "\n"


def outputs() -> dict[str, Callable[[], str]]:
    """The JSON Schema of each verb's `--json`, by the file that it is written to."""
    import mlops.views
    from mlops.render.plain import schema

    def made(name: str) -> Callable[[], str]:
        view = importlib.import_module(f"mlops.views.{name}")
        return lambda: json.dumps(schema(name.replace("_", " "), view), indent=2) + "\n"

    modules = (module.name for module in pkgutil.iter_modules(mlops.views.__path__))
    names = sorted(name for name in modules if hasattr(importlib.import_module(f"mlops.views.{name}"), "outputs"))
    return {f"docs/json/{name}.schema.json": made(name) for name in names}


def several() -> str:
    """The JSON Schema of a verb that is done for each model of a repository; `result` is as in that verb's file."""
    from mlops.cli.several import EACH, Several
    from mlops.render.plain import schema

    found = schema("VERB, at the top of a repository with several models", Several)
    found["properties"]["verb"] = {"enum": list(EACH)}
    return json.dumps(found, indent=2) + "\n"


DOCUMENTS: dict[str, Callable[[], str]] = {
    "infra/roles.json": roles,  # before what is written about it
    "docs/json/several.schema.json": several,
    "docs/params.schema.json": schema,
    "docs/permissions.md": permissions,
    "docs/tags.md": tags,
    "docs/templates.md": templates,
    "docs/verdict.schema.json": verdict,
    "emulator/COVERAGE.md": coverage,
    "emulator/azureml_emulator/core/body_types.json": body_types,
    "mlops/flow/training/known_components.json": interfaces,
}


def main() -> int:
    """Write, or compare."""
    stale = []
    for name, make in {**DOCUMENTS, **outputs()}.items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"out of date: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
