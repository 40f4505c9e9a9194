"""Writes the reference pages of the documentation's site from the code: commands, parameters, answers, workflows."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

AS_IT_IS, NEW_PAGE = "\b", "\f"  # click's marks in a help text
WRITTEN = "Written from the code when this site was built."


def pages(root: Path) -> dict[str, str]:
    """File name -> Markdown."""
    return {
        "commands.md": commands(),
        "params.md": params(root),
        "answers.md": answers(root),
        "workflows.md": workflows(root),
    }


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A table in Markdown; a bar within a cell is one of the text."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    cells = ([" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows)
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in cells)]) + "\n"


def commands() -> str:
    """Every verb with its arguments and options, as click knows them."""
    from mlops.cli.main import cli

    parts = [f"# Commands\n\n{WRITTEN} Every command also has `-h` and `--help`.\n", "## Before or after every verb\n"]
    parts.append(_options(cli))
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        parts += list(_command(command, f"mlops {name}", 2))
    return "\n".join(parts)


def _command(command: click.Command, words: str, level: int) -> Iterator[str]:
    arguments = " ".join(one.make_metavar(click.Context(command)) for one in command.params if _is_argument(one))
    yield f"{'#' * level} `{f'{words} {arguments}'.strip()}`\n"
    about = inspect.cleandoc(command.help or command.short_help or "")
    yield f"{about.replace(NEW_PAGE, '').replace(AS_IT_IS, '').strip()}\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            if inner is not None and not inner.hidden:
                yield from _command(inner, f"{words} {name}", level + 1)
    elif any(not _is_argument(one) for one in command.params):
        yield _options(command)
    for name, beside in getattr(command, "beside", dict)().items():
        yield from _command(beside, f"{words} {name}", level + 1)


def _is_argument(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Argument)


def _options(command: click.Command) -> str:
    found = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    context = click.Context(command)

    def rows() -> Iterator[Sequence[str]]:
        for one in found:
            said = one.get_help_record(context) or ("", "")
            yield f"`{said[0]}`", said[1]

    return table(("option", "what"), rows())


def params(root: Path) -> str:
    """Every key of params.yaml, from its schema."""
    schema = json.loads((root / "docs" / "params.schema.json").read_text(encoding="utf-8"))
    parts = [
        f"# Parameters\n\n{WRITTEN} The keys of `params.yaml`; NAME stands for a name of yours. Your editor explains "
        "them through [the schema](../params.schema.json).\n"
    ]
    for name, shape in schema["properties"].items():
        rows = list(_keys(name, shape, schema["$defs"]))
        about = _resolved(shape, schema["$defs"]).get("description", "")
        parts.append(f"## `{name}`\n\n{about}\n")
        if rows:
            parts.append(table(("key", "type", "default", "what"), iter(rows)))
    return "\n".join(parts)


def _keys(dotted: str, shape: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    found = _resolved(shape, known)
    for pattern in found.get("patternProperties", {}).values():
        yield from _keys(f"{dotted}.NAME", pattern, known)
    for name, one in found.get("properties", {}).items():
        block = _resolved(one, known)
        key = f"{dotted}.{name}"
        default = json.dumps(one["default"]) if "default" in one else ""
        yield f"`{key}`", _type(one, known), f"`{default}`" if default else "", str(one.get("description", ""))
        if block.get("properties") or block.get("patternProperties"):
            yield from _keys(key, block, known)


def _resolved(shape: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a shape refers to; of several the one that has keys."""
    if "$ref" in shape:
        return {**known[shape["$ref"].rpartition("/")[2]], **{k: v for k, v in shape.items() if k != "$ref"}}
    for one in shape.get("anyOf", ()):
        found = _resolved(one, known)
        if found.get("properties"):
            return found
    if shape.get("type") == "array" and "$ref" in shape.get("items", {}):
        return _resolved(shape["items"], known)
    return shape


def _type(shape: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    if "enum" in shape:
        return " or ".join(f"`{value}`" for value in shape["enum"])
    if "anyOf" in shape:
        return " or ".join(dict.fromkeys(_type(one, known) for one in shape["anyOf"]))
    if "const" in shape:
        return f"`{shape['const']}`"
    if shape.get("type") == "array":
        return f"list of {_type(shape.get('items', {}), known)}"
    bounds = [f"{word} {shape[key]:g}" for key, word in BOUNDS.items() if key in shape]
    return " ".join([str(shape.get("type") or "block"), *bounds])


BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}


def answers(root: Path) -> str:
    """Exit codes, and where the schema of each verb's JSON is."""
    from mlops.errors import exit_codes

    codes = table(("exit code", "meaning"), iter([(str(code), text) for code, text in exit_codes().items()]))
    names = sorted(path.name for path in (root / "docs" / "json").glob("*.json"))
    schemas = table(
        ("verb", "schema of `--json`"),
        iter([(f"`mlops {name.partition('.')[0].replace('_', ' ')}`", f"[{name}](../json/{name})") for name in names]),
    )
    shape = '`{"verb": …, "ok": …, "exit_code": …, "result": …, "problems": […]}`'
    return (
        f"# Exit codes and JSON\n\n{WRITTEN}\n\n## Exit codes\n\n{codes}\n## JSON\n\n"
        f"`--json` prints one document: {shape}. A problem has what, where, why, how to end it, and the key of the "
        "parameter that it is about. The verdict's own document has "
        f"[a schema too](../verdict.schema.json).\n\n{schemas}"
    )


def workflows(root: Path) -> str:
    """What starts each workflow, what its jobs may do, and the variables that are read."""
    parts = [f"# Workflows and variables\n\n{WRITTEN}\n"]
    read: dict[str, set[str]] = {}
    for path in sorted((root / ".github" / "workflows").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        flow = yaml.safe_load(text)
        for name in re.findall(r"\bvars\.(\w+)", text):
            read.setdefault(name, set()).add(path.stem)
        parts += [f"## `{path.stem}`\n", f"{_comment(text)}\n", _jobs(flow)]
    rows = ((f"`{name}`", ", ".join(sorted(flows))) for name, flows in sorted(read.items()))
    parts.insert(1, f"## Variables of the repository and its environments\n\n{table(('variable', 'read by'), rows)}")
    return "\n".join(parts)


def _comment(text: str) -> str:
    """What stands above the first line that is none."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)


def _jobs(flow: Mapping[Any, Any]) -> str:
    def rows() -> Iterator[Sequence[str]]:
        starts = flow.get("on", flow.get(True))
        yield "*starts on*", ", ".join([starts] if isinstance(starts, str) else starts), "", ""
        for name, job in flow["jobs"].items():
            environment = job.get("environment") or ""
            stated = environment.get("name", "") if isinstance(environment, Mapping) else environment
            allowed = ", ".join(f"{right}: {level}" for right, level in (job.get("permissions") or {}).items())
            calls = str(job.get("uses", "")).removeprefix("$/.github/workflows/").removesuffix(".yml")
            yield f"`{name}`", f"calls `{calls}`" if calls else "", f"`{stated}`" if stated else "", allowed or "none"

    return table(("job", "", "environment", "permissions"), rows())
