"""Gives each job of a workflow file what its environment has: its variables, and OIDC tokens in its name.

act knows no environments, so expressions in a copy of the file look the environment's variables up among act's. It
must not say anything else than the file did. Source: GitHub's documentation on the `vars` context (what is evaluated
before a job has its runner sees the variables of the repository alone) and on OpenID Connect in Actions.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from mlops import yamls

# Of a job, what is evaluated on its runner; `if`, `runs-on`, `strategy`, `concurrency` and `with` are decided before.
ON_THE_RUNNER = ("env", "steps", "outputs", "container", "services", "defaults", "environment")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
VARIABLE = re.compile(r"\bvars\.(\w+)")
HERE = "{environment}"
WIDEST = 1 << 20  # no line is folded: a comment of a shell script must not end up in a line of its own
DUMPER: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True)
class TokenService:
    """Where a job that may write an `id-token` asks for its OIDC token.

    GitHub's address is another for each job; here `{environment}` in it stands for the job's environment.
    """

    url: str
    token: str


def flat(environments: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Variables of environments under names that no variable of the repository can have."""
    return {f"{place}/{name}": value for place, own in environments.items() for name, value in own.items()}


def resolved(text: str, service: TokenService | None) -> str:
    """The workflow file with the variables of each job's environment, and with `service` where a job may ask it.

    Raises yaml.YAMLError.
    """
    document = yamls.own_nodes(text)
    jobs = _value(document, "jobs")
    if not isinstance(jobs, yaml.MappingNode):
        return text  # act says what is wrong with it
    for _, job in jobs.value:
        if _value(job, "steps") is None:  # it calls a workflow, whose jobs have environments of their own
            continue
        place = _place(job)
        if place:
            for key in ON_THE_RUNNER:
                for scalar, bare in _scalars(_value(job, key), key):
                    scalar.value = _looked_up(scalar.value, place, bare=bare)
        if service and _may_ask(_value(job, "permissions") or _value(document, "permissions")):
            _set_env(job, "ACTIONS_ID_TOKEN_REQUEST_URL", _address(service.url, place))
            _set_env(job, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", service.token)
    return str(yaml.serialize(document, Dumper=DUMPER, width=WIDEST, allow_unicode=True))


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _place(job: yaml.Node) -> str:
    """The name of its environment as an expression; empty where it has none."""
    stated = _value(job, "environment")
    named = _value(stated, "name") if isinstance(stated, yaml.MappingNode) else stated
    return _as_expression(named.value) if isinstance(named, yaml.ScalarNode) and named.value else ""


def _as_expression(text: str) -> str:
    """A text with expressions in it, as one expression."""
    parts = EXPRESSION.split(text)  # texts and expressions in turn
    if len(parts) == 1:
        return _quoted(text)
    if parts[::2] == ["", ""]:
        return f"({parts[1].strip()})"
    whole = "".join(
        f"{{{index // 2}}}" if index % 2 else part.replace("{", "{{").replace("}", "}}")
        for index, part in enumerate(parts)
    )
    return f"format({', '.join([_quoted(whole), *parts[1::2]])})"


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def _scalars(node: yaml.Node | None, key: str) -> Iterator[tuple[yaml.ScalarNode, bool]]:
    """Every value below a node, and whether it is an expression without braces, as the condition of a step may be."""
    if isinstance(node, yaml.ScalarNode):
        yield node, key == "if"
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, "")
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _scalars(value, name.value)


def _looked_up(text: str, place: str, *, bare: bool) -> str:
    """The text with the environment's variables first, as GitHub takes them, and then the repository's."""

    def one(found: re.Match[str]) -> str:
        return f"(vars[format('{{0}}/{{1}}', {place}, '{found[1]}')] || vars.{found[1]})"

    if bare and "${{" not in text:
        return VARIABLE.sub(one, text)
    return EXPRESSION.sub(lambda found: VARIABLE.sub(one, found[0]), text)


def _may_ask(permissions: yaml.Node | None) -> bool:
    if isinstance(permissions, yaml.ScalarNode):
        return str(permissions.value) == "write-all"
    asked = _value(permissions, "id-token")
    return isinstance(asked, yaml.ScalarNode) and asked.value == "write"


def _address(url: str, place: str) -> str:
    return url.replace(HERE, f"${{{{ {place} }}}}" if place else "")


def _set_env(job: yaml.Node, name: str, value: str) -> None:
    env = _value(job, "env")
    if not isinstance(env, yaml.MappingNode):
        env = yaml.MappingNode("tag:yaml.org,2002:map", [])
        job.value.append((_text("env"), env))
    env.value.append((_text(name), _text(value)))


def _text(value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style='"')
