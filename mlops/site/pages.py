"""Every file of the site by its path, from the typed result. It must not read or write anything itself."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from mlops import __version__
from mlops.domain.numbers import number
from mlops.domain.registry import passed
from mlops.domain.registry.lineage import RunFacts, graph
from mlops.domain.release.timeline import Event
from mlops.domain.tags import HISTORY_PREFIX
from mlops.flow.release.live import EnvironmentStatus
from mlops.flow.release.site import ModelRecord, SiteResult
from mlops.render.plain import plain
from mlops.site import charts
from mlops.site.charts import Figure
from mlops.site.graph import layout

if TYPE_CHECKING:
    from jinja2 import Environment as Templates

NEWEST = 12  # events on the first page
MOST_CONVERSATIONS = 200
CHARTED = 100  # newest models whose conversations are drawn; of the others the numbers are there
HEADLINES = 4  # charts of metrics on the first page
_WEB = re.compile(r"https://[^\s\"'<>]+")


def pages(result: SiteResult) -> Iterator[tuple[str, str]]:
    """Path and text of each file, one after the other, so that they can be written as they come."""
    common = {"site": result, "made": moment(result.made), "version": __version__}
    drawn = trends(result)
    labels = {one.label: f"models/{file_name(one)}" for one in result.models}

    def page(template: str, depth: int = 0, **values: object) -> str:
        return _templates().get_template(template).render(**common, root="../" * depth, paths=labels, **values)

    yield (
        "index.html",
        page(
            "index.html",
            newest=list(reversed(result.events))[:NEWEST],
            charts=drawn[:HEADLINES],
            live={one.name: served(one) for one in result.environments},
        ),
    )
    yield "timeline.html", page("timeline.html", events=list(reversed(result.events)))
    yield "models.html", page("models.html", metrics=metric_names(result), charts=drawn)
    yield (
        "endpoints.html",
        page(
            "endpoints.html",
            events=[event for event in reversed(result.events) if _money(event)],
            used={one.name: _requests(result, one.name) for one in result.environments},
        ),
    )
    for newer, one in enumerate(result.models):
        before = result.models[newer + 1] if newer + 1 < len(result.models) else None
        yield labels[one.label], page("model.html", 1, **_model(result, one, before))
    for name, text in badges(result).items():
        yield f"badges/{name}.json", text
    yield "estimate.json", json.dumps(plain(result.estimate)) + "\n"
    yield "data.json", json.dumps(plain(result), indent=1) + "\n"


def front(models: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The page that leads to the sites of several models, each in a folder of its name, and the names as JSON."""
    yield "index.html", _templates().get_template("front.html").render(models=models, version=__version__)
    yield "data.json", json.dumps({"models": list(models)}, indent=1) + "\n"


def file_name(one: ModelRecord) -> str:
    """The file of a model's page; a version is a number, or what Azure ML allows in one."""
    return f"{re.sub(r'[^0-9A-Za-z_.-]', '-', one.version).strip('.') or 'version'}.html"


def trends(result: SiteResult) -> list[Figure]:
    """Each metric over the versions, with those that the last environment served and the limits of now."""
    numbered = [(int(one.version), one) for one in result.models if one.version.isdecimal()]
    if len(numbered) < 2:
        return []  # no line leads anywhere yet
    first, last = min(n for n, _ in numbered), max(n for n, _ in numbered)
    found = []
    for metric in metric_names(result):
        points = [(n, one.metrics[metric]) for n, one in numbered if metric in one.metrics]
        live = [(n, one.metrics[metric]) for n, one in numbered if metric in one.metrics and _was_live(result, one)]
        limits = {
            f"limit ({limit.kind})": [(first, limit.value), (last, limit.value)]
            for limit in result.limits
            if limit.metric == metric
        }
        series = {"model": points, "released": live, **limits}
        made = charts.lines(f"{metric} of each model", "model version", metric, series)
        if made:
            found.append(made)
    return found


def metric_names(result: SiteResult) -> list[str]:
    """The metrics of the models, those with a limit first."""
    named = dict.fromkeys([limit.metric for limit in result.limits])
    seen = dict.fromkeys(name for one in result.models for name in one.metrics)
    return [*(name for name in named if name in seen), *sorted(name for name in seen if name not in named)]


def badges(result: SiteResult) -> Mapping[str, str]:
    """What is live, and the last verdict, in the form that badge services read (schema version 1)."""
    found = {}
    for one in result.environments:
        model = served(one)
        found[one.name] = _badge(one.name, f"v{model.rpartition(':')[2]}" if model else "nothing", bool(model))
    if result.models:
        newest = result.models[0]
        found["verdict"] = _badge("gate", newest.verdict or "none", newest.verdict == "pass")
    return found


def served(one: EnvironmentStatus) -> str:
    """The model with the largest share of an environment's traffic; empty for none."""
    shares = [(item.traffic, item.model) for item in one.serves if item.traffic]
    return max(shares)[1] if shares else ""


def moment(at: datetime | None) -> str:
    """A time as people read it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "not known"


def _model(result: SiteResult, one: ModelRecord, before: ModelRecord | None) -> dict[str, object]:
    run = one.details.run
    found = graph((), [one.facts])
    curves = {name: points for name, points in one.details.curves.items() if name.endswith("loss")}
    measured = sorted({*one.metrics, *(before.metrics if before else ())})
    return {
        "one": one,
        "before": before,
        "events": [event for event in result.events if event.model == one.label],
        "loss": charts.lines("Loss while it was trained", "step", "loss (nats a token)", curves),
        "changed": _changes(run, before.details.run if before else None),
        "metrics": [(name, one.metrics.get(name), before.metrics.get(name) if before else None) for name in measured],
        "probes": _probes(one, before),
        "scores": _scores(one, draw=any(one is shown for shown in result.models[:CHARTED])),
        "promotions": passed.every(one.tags),
        "graph": found,
        "drawing": layout(found),
        "link": link,
    }


def _scores(one: ModelRecord, *, draw: bool) -> Figure | None:
    """Each held-out conversation: where it got worse stands left."""
    found = one.details.answers
    if found is None or len(found.scores) < 2:
        return None
    ordered = sorted(found.scores, key=lambda pair: (pair.mine - pair.theirs, pair.number))[:MOST_CONVERSATIONS]
    series = {
        one.label: [(float(place), pair.mine) for place, pair in enumerate(ordered, 1)],
        found.other: [(float(place), pair.theirs) for place, pair in enumerate(ordered, 1)],
    }
    title = f"{found.metric} of each held-out conversation"
    x = "conversation, from the largest loss to the largest gain"
    return charts.lines(title, x, found.metric, series, draw=draw)


def _requests(result: SiteResult, environment: str) -> Figure | None:
    """Requests of each hour by deployment, which is how the traffic moved."""
    found = [one for one in result.requests if one.environment == environment]
    if len({one.at for one in found}) < 2:
        return None
    hours: dict[str, list[tuple[float, float]]] = {}
    for one in found:
        ago = (result.made - one.at).total_seconds() // 3600
        hours.setdefault(one.deployment, []).append((-ago, one.requests))
    return charts.lines("Requests of each hour by deployment", "hours from now", "requests an hour", hours)


def _probes(one: ModelRecord, before: ModelRecord | None) -> Figure | None:
    names = sorted(name for name in one.metrics if name.startswith("probes."))
    series: dict[str, Sequence[float | None]] = {one.label: [one.metrics[name] for name in names]}
    if before:
        series[before.label] = [before.metrics.get(name) for name in names]
    return charts.bars("Probes passed", "share of 1", [name.removeprefix("probes.") for name in names], series)


def _changes(run: RunFacts | None, before: RunFacts | None) -> list[tuple[str, str, str]]:
    """Name, old and new of everything that went into a run and differs from the one before."""
    if run is None or before is None:
        return []
    stated = [("base model", before.base, run.base), ("component", before.component, run.component)]
    stated += [
        (name, before.parameters.get(name, "-"), run.parameters.get(name, "-"))
        for name in sorted({*run.parameters, *before.parameters})
    ]
    data = {item.role: item for item in before.data}
    stated += [(f"{item.role} data", data[item.role].asset, item.asset) for item in run.data if item.role in data]
    return [row for row in stated if row[1] != row[2]]


def link(text: str) -> str:
    """Where a name leads; empty where it is no address on the web."""
    return text if _WEB.fullmatch(text) else ""


def _was_live(result: SiteResult, one: ModelRecord) -> bool:
    last = result.environments[-1].name if result.environments else ""
    return "champion" in one.tags.get(f"{HISTORY_PREFIX}{last}", "")


def _money(event: Event) -> bool:
    return event.environment is not None


def _badge(label: str, message: str, good: bool) -> str:
    stated = {"schemaVersion": 1, "label": label, "message": message, "color": "green" if good else "lightgrey"}
    return json.dumps(stated) + "\n"


@cache
def _templates() -> "Templates":
    from jinja2 import Environment as Templates
    from jinja2 import PackageLoader, StrictUndefined

    made = Templates(
        loader=PackageLoader("mlops.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": moment, "number": number, "link": link}
    return made
