"""What cleanup saves and what keeps running: by VM size, in hours and in money."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from mlops.azure.target import Target
from mlops.azure.workspace import Workspace
from mlops.domain.cleanup import cost_report
from mlops.domain.cleanup import plan as cleanup_plan
from mlops.domain.cleanup.cost_report import MachineHours
from mlops.domain.cleanup.plan import Because, Item, ItemState, Kind
from mlops.domain.cleanup.status import ENDS_MACHINES, Key, Status
from mlops.flow.cleanup.apply import Applied
from mlops.flow.cleanup.cleanup import CleanupResult, CostSummary, policy_of, result_of
from mlops.flow.cleanup.inventory import Inventory
from mlops.params import Params, load
from mlops.params.prices import Prices
from mlops.views import cleanup as view
from tests.project import PARAMS_FILE

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

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
    found = cost_report.cost_report(FLEET, cost_report.planned, {A100: 3.0})
    assert found.rows == (MachineHours(A100, 24 * 4, 24 * 2, 24 * 2, 3.0), MachineHours(CPU, 0, 24 * 5, 24 * 2, None))
    assert (found.saved, found.running, found.idle) == (96, 168, 96)
    assert found.money is not None
    assert (found.money.saved, found.money.running, found.money.idle) == (288, 144, 144)
    assert found.money.unpriced == (CPU,)


def test_what_was_to_end_and_did_not_is_idle_and_burns() -> None:
    found = cost_report.cost_report(FLEET, lambda one: one.name == "job", {})
    assert (found.saved, found.running) == (24, 240)
    assert found.idle == 24 * (2 + 1 + 1 + 1 + 2)
    assert found.money is None


def test_what_is_not_ours_is_not_counted() -> None:
    foreign = Item(name="a", environment=None, state=ItemState.KEEP, reason="", ours=False, machines={A100: 9})
    assert cost_report.cost_report([foreign], cost_report.planned, {}).rows == ()


def result(items: Sequence[Item], params: Params, done: dict[Key, Status] | None = None) -> CleanupResult:
    """What a run with these items gives; applied where it is said what was done."""
    target = Target("azure", "s", "rg", "mlw", "")
    inventory = Inventory(Workspace(target, cast("TokenCredential", None)), NOW)
    plan = cleanup_plan.plan(items, max_deletions=9, max_share=1.0)
    return result_of(policy_of(params, "owner"), plan, [inventory], Applied(done) if done is not None else None)


def priced(**prices: float) -> Params:
    return load(PARAMS_FILE).model_copy(update={"prices": Prices(currency="EUR", instance_hour=prices)})


def test_the_sums_are_told_as_text_table_and_data() -> None:
    done: dict[Key, Status] = {
        ("", Kind.ENDPOINT, "gone"): Status.DELETED,
        ("", Kind.DEPLOYMENT, "used/old"): Status.FAILED,
    }
    found = result(FLEET, priced(**{A100: 3.5}), done)
    told = view.report(found)
    assert "this run saves 48 instance-hours a day (168.00 EUR)" in told.lines
    assert "216 a day (336.00 EUR) keep running, 144 (336.00 EUR) of them unused" in told.lines
    assert "in 30 days that is 5,040.00 EUR saved and 10,080.00 EUR still spent" in told.lines
    assert f"no cost of {CPU}: prices.instance_hour does not name it" in told.lines
    assert found.money == CostSummary("EUR", 168.0, 336.0, 336.0, (CPU,))
    assert f"| {A100} | 48 | 96 | 96 | 168.00 EUR | 336.00 EUR |" in told.to_markdown()
    assert view.outputs(found)["saved-a-day"] == "168.00 EUR"


def test_money_is_summed_by_what_was_done_and_not_by_how_it_is_called() -> None:
    for status in Status:
        found = result(FLEET, priced(**{A100: 3.5}), {("", Kind.ENDPOINT, "gone"): status})
        assert (found.saved_hours_a_day > 0) is (status in ENDS_MACHINES), status


def test_without_prices_there_is_no_money() -> None:
    found = result(FLEET, priced())
    told = view.report(found)
    assert "the plan would save 96 instance-hours a day" in told.lines
    assert found.money is None
    assert told.next_step == "mlops cleanup --apply"
    assert view.outputs(found)["saved-a-day"] == ""


def test_where_nothing_is_up_nothing_is_summed() -> None:
    told = view.report(result([item("empty", machines={})], load(PARAMS_FILE)))
    assert "no machine of ours is up" in told.lines
    assert [each.title for each in told.tables] == ["Items", "Counts"]
    assert told.next_step == ""
