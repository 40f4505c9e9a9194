"""What a teardown saves and what burns on: by VM size, in hours and in money."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import cost_report
from mlops.domain.cleanup import plan as cleanup_plan
from mlops.domain.cleanup.cost_report import Row
from mlops.domain.cleanup.plan import Because, Item, ItemState, Kind
from mlops.flow.cleanup import report
from mlops.flow.cleanup.apply import Done
from mlops.flow.cleanup.inventory import Survey
from mlops.params import load
from mlops.params.prices import Prices
from tests.project import PARAMS_FILE

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)

A100, CPU = "Standard_NC24ads_A100_v4", "Standard_DS3_v2"


def item(name: str, state: ItemState = ItemState.KEEP, **more: object) -> Item:
    machines = {"machines": {A100: 1}, **more}
    return Item(name=name, environment="staging", state=state, reason="", ours=True, **machines)  # type: ignore[arg-type]


FLEET = (
    item("gone", ItemState.DELETE, machines={A100: 2}),
    item("marked", ItemState.MARK),
    item("waiting", because=Because.WAITING),
    item("used", machines={A100.upper(): 1, CPU: 3}),
    item("used/old", ItemState.DELETE, kind=Kind.DEPLOYMENT),
    item("nodes", ItemState.REPORT, kind=Kind.COMPUTE, machines={CPU: 2}),
    item("job", ItemState.CANCEL, kind=Kind.JOB),
)


def test_saved_and_burning_by_size() -> None:
    found = cost_report.ledger(FLEET, cost_report.planned, {A100: 3.0})
    assert found.rows == (Row(A100, 24 * 4, 24 * 2, 24 * 2, 3.0), Row(CPU, 0, 24 * 5, 24 * 2, None))
    assert (found.saved, found.burning, found.idle) == (96, 168, 96)
    assert found.money is not None
    assert (found.money.saved, found.money.burning, found.money.idle) == (288, 144, 144)
    assert found.money.unpriced == (CPU,)


def test_what_was_to_end_and_did_not_is_idle_and_burns() -> None:
    found = cost_report.ledger(FLEET, lambda one: one.name == "job", {})
    assert (found.saved, found.burning) == (24, 240)
    assert found.idle == 24 * (2 + 1 + 1 + 1 + 2)
    assert found.money is None


def test_what_is_not_ours_is_not_counted() -> None:
    foreign = Item(name="a", environment=None, state=ItemState.KEEP, reason="", ours=False, machines={A100: 9})
    assert cost_report.ledger([foreign], cost_report.planned, {}).rows == ()


def test_the_sums_are_told_as_text_table_and_data() -> None:
    shipped = load(PARAMS_FILE)
    params = shipped.model_copy(update={"prices": Prices(currency="EUR", instance_hour={A100: 3.5})})
    plan = cleanup_plan.plan(FLEET, max_deletions=9, max_share=1.0)
    done = Done(words={("", Kind.ENDPOINT, "gone"): "deleted", ("", Kind.DEPLOYMENT, "used/old"): "failed"})
    found = report.report(plan, [Survey(cast("Workspace", None), NOW)], done, params, applied=True)
    assert "this run saves 48 instance-hours a day (168.00 EUR)" in found.lines
    burns = "216 a day (336.00 EUR) still burn, 144 (336.00 EUR) of them for nobody"
    assert burns in found.lines
    assert "in 30 days that is 5,040.00 EUR saved and 10,080.00 EUR still spent" in found.lines
    assert f"no cost of {CPU}: prices.instance_hour does not name it" in found.lines
    data = found.to_json()["data"]
    assert data["money"] == {
        "currency": "EUR",
        "saved_a_day": 168.0,
        "burning_a_day": 336.0,
        "idle_a_day": 336.0,
        "unpriced": [CPU],
    }
    assert f"| {A100} | 48 | 96 | 96 | 168.00 EUR | 336.00 EUR |" in found.to_markdown()
    assert report.outputs(plan, done, params, applied=True)["saved-a-day"] == "168.00 EUR"


def test_without_prices_there_is_no_money() -> None:
    params = load(PARAMS_FILE).model_copy(update={"prices": Prices(currency="USD")})
    plan = cleanup_plan.plan(FLEET, max_deletions=9, max_share=1.0)
    found = report.report(plan, [Survey(cast("Workspace", None), NOW)], Done(), params, applied=False)
    assert "the plan would save 96 instance-hours a day" in found.lines
    assert found.to_json()["data"]["money"] is None
    assert found.next_step == "mlops cleanup --apply"
    assert report.outputs(plan, Done(), params, applied=False)["saved-a-day"] == ""


def test_where_nothing_is_up_nothing_is_summed() -> None:
    plan = cleanup_plan.plan([item("empty", machines={})], max_deletions=9, max_share=1.0)
    found = report.report(plan, [Survey(cast("Workspace", None), NOW)], Done(), load(PARAMS_FILE), applied=False)
    assert "no machine of ours is up" in found.lines
    assert [each.title for each in found.tables] == ["Items", "Counts"]
    assert found.next_step == ""
