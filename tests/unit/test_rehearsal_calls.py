"""What a step of a rehearsal asks of the service, counted from the emulator's log."""

import json
from pathlib import Path

from mlops.actions import Event, StepEnded
from mlops.cli.rehearse.calls import LOG, CallCounter

ARM = "https://management.azure.com/subscriptions/s"


def logged(folder: Path, *calls: tuple[str, str]) -> None:
    with (folder / LOG).open("a", encoding="utf-8") as log:
        log.writelines(json.dumps({"method": method, "url": url}) + "\n" for method, url in calls)


def test_each_step_has_its_own_calls_and_neither_sign_in_nor_polls_count(tmp_path: Path) -> None:
    passed: list[Event] = []
    counter = CallCounter(tmp_path, {})
    logged(tmp_path, ("GET", f"{ARM}/before"))
    event = counter.heard("train", passed.append)
    logged(
        tmp_path,
        ("POST", f"{ARM}/experiments/e/runs:query"),
        ("POST", "https://login.microsoftonline.com/t/oauth2/v2.0/token"),
        ("GET", "https://control.emulator/status"),
        ("GET", "https://huggingface.co/api/datasets/d"),
        ("GET", f"{ARM}/jobs/ft-1"),
        ("GET", f"{ARM}/jobs/ft-1"),
        ("PUT", f"{ARM}/jobs/ft-1"),
        ("GET", f"{ARM}/locations/eastus/mfeOperationsStatus/oe:1"),
        ("GET", "https://x.blob.core.windows.net/c/b"),
    )
    event(StepEnded("train", "mlops submit", "success", 1.0))
    logged(tmp_path, ("GET", f"{ARM}/jobs/ft-1"))
    event(StepEnded("train", "Set up job", "success", 1.0))
    event(StepEnded("train", "mlops watch", "success", 1.0))
    assert counter.found == {"train train: mlops submit": 4, "train train: mlops watch": 0}
    assert counter.polls == {"train train: mlops submit": 2, "train train: mlops watch": 0}
    assert len(passed) == 3


def test_who_waits_for_a_job_makes_as_many_calls_on_a_slow_machine(tmp_path: Path) -> None:
    look = [
        ("GET", f"{ARM}/jobs/ft-1"),
        ("POST", f"{ARM}/experiments/e/runs:query"),
        ("HEAD", "https://x.windows.net/user_logs/l"),
    ]
    found = []
    for looks in (1, 9):
        counter = CallCounter(tmp_path, {})
        event = counter.heard("train", lambda _: None)
        logged(tmp_path, *look * looks, ("GET", f"{ARM}/runs/ft-1/metrics"))
        event(StepEnded("train", "mlops watch", "success", 1.0))
        found.append(counter.found["train train: mlops watch"])
    assert found == [3, 3]
