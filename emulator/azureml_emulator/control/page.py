"""The emulator's own web page, on its control port: jobs with logs, endpoints, resources, the last requests.

It must not change anything. Everything that a client sent is escaped; the page loads nothing from elsewhere.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from azureml_emulator.control import charts
from azureml_emulator.control.charts import LineChart
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.faults.rule import Rule
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.store import Resource
from azureml_emulator.services.jobs.job_resource import Job
from azureml_emulator.services.online_endpoints.endpoint_resource import OnlineEndpoint
from azureml_emulator.services.online_endpoints.endpoints import deployments_of
from azureml_emulator.services.runs import runs
from azureml_emulator.services.storage import blobs

LAST_REQUESTS = 40
LAST_JOBS = 50
MOST_CHARTS = 8
SHORT = 24  # characters that are never broken
TAIL = 64 * 1024  # bytes of a log that are looked at
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #888; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .2rem .6rem .2rem 0;
border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } .short { white-space: nowrap; } td:not(.short) { min-width: 9rem; } th { color: var(--dim);
font-weight: 500; } .bad { color: #c33; } .good { color: #2a7; } .dim { color: var(--dim); }
pre { background: #8881; padding: .6rem; overflow: auto; max-height: 32rem; } label { float: right; }
"""
LIVE = """
const box = document.getElementById("live");
setInterval(async () => {
  if (!box.checked || document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("main").replaceWith(fresh.querySelector("main"));
}, 2000);
"""
GOOD = frozenset({"Completed", "Succeeded"})
BAD = frozenset({"Failed", "Canceled", "NotResponding"})


def overview(request: Request, emulator: Emulator) -> Reply:
    """GET /: what there is, and what happened last."""
    jobs = emulator.store.newest("jobs", LAST_JOBS)
    body = _section("Jobs", ("name", "type", "state", "begun", "ended"), [_job_row(emulator, job) for job in jobs])
    endpoints = list(emulator.store.every("onlineEndpoints"))
    body += _section(
        "Endpoints", ("name", "state", "deployments"), [_endpoint_row(emulator, endpoint) for endpoint in endpoints]
    )
    rows = emulator.store.database.execute("SELECT kind, COUNT(*) FROM resources GROUP BY kind ORDER BY kind")
    body += _section(
        "Resources", ("kind", "how many"), [(_link(f"/resources/{kind}", kind), count) for kind, count in rows]
    )
    body += _faults(emulator)
    body += _section("Last requests", ("at", "status", "call", "ms"), _requests(emulator.folder / "requests.log"))
    return _page("Azure Machine Learning, emulated", body, emulator)


def job(request: Request, emulator: Emulator) -> Reply:
    """GET /jobs/{name}: a job with its steps, metrics and logs."""
    found = next(emulator.store.named("jobs", request.params["name"]), None)
    root = runs.find(emulator, found.id.rsplit("/jobs/", 1)[0], found.name) if found else None
    if root is None:
        raise ServiceError(404, "NotFound", f"There is no job {request.params['name']}.")
    every = list(runs.tree(emulator, root))
    body = f"<p>{_link('/', 'back')}</p>"
    body += _section("Runs", ("run", "state", "begun", "ended", "why it failed"), [_run_row(one) for one in every])
    metrics = [
        (one.body.get("step") or one.name, name, f"{point['value']:.6g}", point["step"])
        for one in every
        for name, point in runs.last_metrics(emulator, one).items()
    ]
    body += _curves(emulator, every)
    body += _section("Metrics", ("run", "name", "last value", "step"), metrics)
    for one in every:
        for path in one.body["logs"]:
            body += f"<h2>{escape(one.body.get('step') or one.name)}: {escape(path)}</h2>{_log(emulator, one, path)}"
    return _page(f"Job {request.params['name']}", body, emulator)


def endpoint(request: Request, emulator: Emulator) -> Reply:
    """GET /endpoints/{name}: its requests and its traffic over time; of one that was deleted, too."""
    name, database = request.params["name"], emulator.store.database
    rows = database.execute("SELECT deployment, at FROM requests WHERE endpoint = ? ORDER BY at", (name.lower(),))
    times: dict[str, list[float]] = {}
    for deployment, at in rows:
        times.setdefault(deployment or "(none reached)", []).append(at)
    span, asked = charts.counted(times)
    shares: dict[str, list[tuple[float, float]]] = {}
    for at, text in database.execute("SELECT at, shares FROM traffic WHERE endpoint = ? ORDER BY at", (name.lower(),)):
        stated = json.loads(text)
        for deployment in {**shares, **stated}:
            shares.setdefault(deployment, []).append((at, float(stated.get(deployment, 0))))
    now = emulator.clock.now().timestamp()
    traffic = {deployment: [*points, (now, points[-1][1])] for deployment, points in shares.items()}
    if not times and not shares and not list(emulator.store.named("onlineEndpoints", name)):
        raise ServiceError(404, "NotFound", f"There is no endpoint {name}.")
    body = f"<p>{_link('/', 'back')}</p>"
    clock = "the emulator's clock"
    body += _charts(
        LineChart("Requests by deployment", clock, f"requests {span}", asked, clock=True),
        LineChart("Traffic over time", clock, "percent of the traffic", traffic, steps=True, clock=True),
    )
    counts = [(deployment, len(found)) for deployment, found in times.items()]
    body += _section("Requests", ("deployment", "how many"), counts)
    return _page(f"Endpoint {name}", body, emulator)


def _curves(emulator: Emulator, every: Sequence[Resource]) -> str:
    """A chart for each metric that was logged at several steps: what is learned while a run goes on."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for one in every:
        for point in runs.metrics(emulator, one):
            if math.isfinite(point["value"]):
                line = found.setdefault(point["key"], {}).setdefault(str(one.body.get("step") or one.name), [])
                line.append((float(point["step"]), point["value"]))
    unlike = {name: lines for name, lines in found.items() if any(len({x for x, _ in it}) > 1 for it in lines.values())}
    first = sorted(unlike, key=lambda name: ("loss" not in name, name))[:MOST_CHARTS]
    return _charts(*(LineChart(name, "step", name, _different(unlike[name])) for name in first))


def _charts(*drawn: LineChart) -> str:
    return f"<div class=charts>{''.join(str(one.draw()) for one in drawn)}</div>"


def _different(lines: dict[str, list[tuple[float, float]]]) -> dict[str, list[tuple[float, float]]]:
    """A pipeline's run has what its step logged: such a line is drawn once."""
    return {name: line for name, line in lines.items() if line not in list(lines.values())[: list(lines).index(name)]}


def resources(request: Request, emulator: Emulator) -> Reply:
    """GET /resources/{kind}: the resources of a kind, with what is kept of each."""
    found = list(emulator.store.every(request.params["kind"]))[::-1][:500]
    body = f"<p>{_link('/', 'back')}</p>"
    for one in found:
        shown = {key: value for key, value in one.body.items() if not key.startswith("_")}
        content = escape(json.dumps(_without_secrets(shown), indent=2))
        summary = f"{escape(one.name)} <span class=dim>{escape(one.id)}</span>"
        body += f"<details><summary>{summary}</summary><pre>{content}</pre></details>"
    return _page(request.params["kind"], body or "<p>none</p>", emulator)


def _job_row(emulator: Emulator, found: Resource) -> Sequence[Any]:
    run = runs.find(emulator, found.id.rsplit("/jobs/", 1)[0], found.name)
    body = run.body if run else {}
    name = _link(f"/jobs/{found.name}", str(body.get("display_name") or found.name))
    kind = str(Job.read(found).type)
    return (name, kind, _state(str(body.get("status"))), _moment(body.get("created")), _moment(body.get("end")))


def _faults(emulator: Emulator) -> str:
    """The faults that were asked for, those that still wait among them; nothing where there are none."""
    rows = [
        (one.number, one.rule.route, one.rule.resource, _effect(one.rule), f"{one.count} of {one.rule.times or 'any'}",
         Markup("<span class={}>{}</span>").format(*(("good", "met") if one.met else ("dim", "waits"))))
        for one in emulator.faults.entries
    ]  # fmt: skip
    return _section("Faults", ("", "call", "resource", "what happens", "met", ""), rows) if rows else ""


def _effect(rule: Rule) -> str:
    detail = {"status": f"{rule.status} {rule.code}", "operation": f"{rule.state} {rule.code} {rule.step}",
              "slow": f"{rule.seconds:g} s"}.get(rule.effect, "")  # fmt: skip
    return f"{rule.effect.replace('_', ' ')} {detail}".strip()


def _endpoint_row(emulator: Emulator, found: Resource) -> Sequence[Any]:
    endpoint = OnlineEndpoint.read(found)
    parts = [
        Markup("{} {} {} %").format(one.name, _state(one.state), endpoint.traffic.get(one.name, 0))
        for one in deployments_of(emulator, endpoint)
    ]
    name = _link(f"/endpoints/{endpoint.name}", endpoint.name)
    return (name, _state(endpoint.state), Markup(", ").join(parts) or "none")


def _run_row(one: Resource) -> Sequence[Any]:
    body = one.body
    error = (body.get("error") or {}).get("message") or ""
    return (body.get("step") or one.name, _state(str(body["status"])), _moment(body.get("start")),
            _moment(body.get("end")), error)  # fmt: skip


def _requests(path: Path) -> list[Sequence[Any]]:
    rows: list[Sequence[Any]] = []
    for line in _tail(path).splitlines()[-LAST_REQUESTS:][::-1]:
        try:
            said = json.loads(line)
            call = f"{said['method']} {said['url']}"
            status = Markup("<span class={}>{}</span>").format(
                "bad" if said["status"] >= 400 else "good", int(said["status"])
            )
            rows.append((_clock(float(said["at"])), status, call, said["ms"]))
        except (ValueError, KeyError, TypeError):
            continue  # the first line of a tail may be half of one
    return rows


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds) % 86400, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


def _log(emulator: Emulator, one: Resource, path: str) -> Markup:
    blob = blobs.get(emulator, runs.artifact(emulator, one, path))
    return Markup("<pre>{}</pre>").format(_tail(blobs.path_of(emulator, blob)) if blob else "(nothing)")


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - TAIL, 0))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: "(hidden)" if "credential" in key.lower() else _without_secrets(item) for key, item in value.items()
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def _link(path: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(path, text)


def _state(state: str) -> Markup:
    kind = "good" if state in GOOD else "bad" if state in BAD else "dim"
    return Markup("<span class={}>{}</span>").format(kind, state)


def _moment(stamp: Any) -> str:
    return str(stamp or "")[:19].replace("T", " ")


def _cell(value: Any) -> str:
    shown = value if isinstance(value, Markup) else escape(value)
    short = len(re.sub("<[^>]*>", "", shown)) < SHORT
    return f"<td{' class=short' if short else ''}>{shown}</td>"


def _section(title: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = [f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows]
    table = (
        f"<div class=wide tabindex=0><table><tr>{head}</tr>{''.join(lines)}</table></div>"
        if lines
        else "<p class=dim>none</p>"
    )
    return f"<h2>{escape(title)}</h2>{table}"


def _page(title: str, body: str, emulator: Emulator) -> Reply:
    now = _moment(emulator.clock.stamp())
    document = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}{charts.STYLE}</style>"
        f'<label><input type="checkbox" id="live" checked> live</label>'
        f"<main><h1>{escape(title)}</h1><p class=dim>{now} UTC on the emulator's clock</p>{body}</main>"
        f"<script>{LIVE}</script></html>"
    )
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
    return Reply(200, document, headers)
