"""Any number of processes register at the same time, interleaved call by call, and may end at any call."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.domain.registry.registration import Crowded, KnownVersion, register_once

Other = tuple[str, str, int]  # job, fingerprint, how many calls it lives


class Service:
    """Versions as the workspace keeps them: one that exists keeps its path for ever."""

    def __init__(self) -> None:
        self.versions: dict[str, tuple[str, str]] = {}  # version -> (path, fingerprint)

    def put(self, version: str, path: str, fingerprint: str) -> bool:
        return self.versions.setdefault(version, (path, fingerprint))[0] == path


class Ended(Exception):
    """The process was killed."""


class Process:
    """One process: before each of its calls the next of the others runs, which may be interrupted in the same way."""

    def __init__(self, service: Service, job: str, fingerprint: str, lives: int, others: list[Other]) -> None:
        self.service, self.path, self.fingerprint, self.lives = service, f"{job} of {fingerprint}", fingerprint, lives
        self.others = others

    def known(self) -> Sequence[KnownVersion]:
        self._call()
        return [KnownVersion(version, mark) for version, (_, mark) in self.service.versions.items()]

    def put(self, version: str) -> bool:
        self._call()
        made = self.service.put(version, self.path, self.fingerprint)
        self._call()  # it may also end after the service did it and before the answer arrived
        return made

    def run(self) -> str:
        try:
            return register_once(self, self.fingerprint)[0]
        except (Ended, Crowded):
            return ""

    def _call(self) -> None:
        if self.others:
            Process(self.service, *self.others.pop(), self.others).run()
        self.lives -= 1
        if self.lives < 0:
            raise Ended


others = st.lists(
    st.tuples(st.sampled_from(["job-1", "job-2"]), st.sampled_from(["aaa", "bbb"]), st.integers(0, 6)), max_size=8
)


@settings(max_examples=200)
@given(others)
def test_a_race_gives_one_version_for_each_fingerprint(told: list[Other]) -> None:
    service = Service()
    version = Process(service, "job-1", "aaa", 99, list(told)).run()
    marks = [mark for _, mark in service.versions.values()]
    assert len(marks) == len(set(marks)), f"twice: {service.versions}"
    assert service.versions[version][1] == "aaa"


@given(st.lists(st.integers(0, 5), max_size=6))
def test_after_a_crash_at_any_call_running_it_again_gives_exactly_one_version(lives: list[int]) -> None:
    service = Service()
    service.put("1", "other", "zzz")
    for count in lives:
        Process(service, "job-1", "aaa", count, []).run()
    version = Process(service, "job-1", "aaa", 99, []).run()
    assert [known for known, (_, mark) in service.versions.items() if mark == "aaa"] == [version]


def test_it_gives_up_when_others_are_always_faster() -> None:
    class Unlucky(Process):
        def put(self, version: str) -> bool:
            self.service.put(version, "somebody", f"of {version}")
            return False

    with pytest.raises(Crowded):
        register_once(Unlucky(Service(), "job-1", "aaa", 999, []), "aaa")
