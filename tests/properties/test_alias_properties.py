"""Whatever is registered, promoted and interrupted: one champion an environment, and its history is kept."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.domain.registry.aliases import HISTORY_LIMIT, Aliases, alias_tag, from_tags, history_tag, retags, to_tags

START = datetime(2026, 1, 1, tzinfo=UTC)
ENVIRONMENTS = ("staging", "production")
steps = st.tuples(
    st.sampled_from(["register", *ENVIRONMENTS]),
    st.integers(1, 4),
    st.integers(0, 4),  # how many writes happen before the crash; the first is the model's own tags
)


class Store:
    """The tags of one model and of its versions, written one at a time."""

    def __init__(self) -> None:
        self.model: dict[str, str] = {}
        self.versions: dict[str, dict[str, str]] = {}
        self.champions: dict[str, list[str]] = {name: [] for name in ENVIRONMENTS}
        self.now = START

    def write(self, tags: dict[str, str], changes: dict[str, str | None]) -> None:
        tags.update({key: value for key, value in changes.items() if value is not None})
        for key, value in changes.items():
            if value is None:
                tags.pop(key, None)
        self.check()

    def settle(self, wanted: Aliases, writes: int) -> None:
        """As `mlops.azure.aliases` does, but stopping after so many writes."""
        if writes == 0:
            return
        self.write(self.model, to_tags(wanted))
        self.now += timedelta(minutes=1)
        for retag in list(retags(wanted, self.versions, self.now))[: writes - 1]:
            self.write(self.versions[retag.version], dict(retag.tags))

    def check(self) -> None:
        for name in ENVIRONMENTS:
            said = [version for version, tags in self.versions.items() if tags.get(alias_tag(name)) == "champion"]
            assert len(said) <= 1, "after every single write at most one version says that it is champion"


def play(store: Store, what: str, version: str, writes: int) -> None:
    store.versions.setdefault(version, {})
    before = from_tags(store.model)
    if what == "register":
        store.settle(before.registered(version, ENVIRONMENTS), writes)
    else:
        store.settle(before.promoted(what, version), writes)
        if writes:
            store.champions[what].append(version)


@settings(max_examples=60)
@given(st.lists(steps, max_size=8))
def test_an_environment_has_exactly_one_champion_once_it_has_had_one(given: list[tuple[str, int, int]]) -> None:
    store = Store()
    for what, number, writes in given:
        play(store, what, str(number), writes)
        for name in ENVIRONMENTS:
            crowned = store.champions[name]
            assert from_tags(store.model).of(name).champion == (crowned[-1] if crowned else "")


@settings(max_examples=60)
@given(st.lists(steps, max_size=8), st.sampled_from(ENVIRONMENTS), st.integers(1, 4))
def test_running_it_again_after_a_crash_mends_every_version(
    given: list[tuple[str, int, int]], environment: str, number: int
) -> None:
    store = Store()
    for what, other, writes in given:
        play(store, what, str(other), writes)
    play(store, environment, str(number), 99)
    truth = from_tags(store.model)
    for version, tags in store.versions.items():
        for name in ENVIRONMENTS:
            assert tags.get(alias_tag(name), "") == truth.of(name).of(version)
    assert not retags(truth, store.versions, store.now), "a second run has nothing to do"


@given(st.lists(st.integers(1, 5), min_size=2, max_size=6))
def test_previous_is_the_champion_before(numbers: list[int]) -> None:
    aliases = Aliases()
    crowned: list[str] = []
    for number in numbers:
        aliases = aliases.promoted("production", str(number))
        if crowned[-1:] != [str(number)]:
            crowned.append(str(number))
    assert aliases.of("production").champion == crowned[-1]
    assert aliases.of("production").previous == (crowned[-2] if len(crowned) > 1 else "")


def test_the_history_names_every_role_with_its_time_and_stays_within_a_tag() -> None:
    store = Store()
    for number in (1, 2, 1):
        play(store, "production", str(number), 99)
    history = store.versions["1"][history_tag("production")]
    assert [entry.split()[0] for entry in history.split("; ")] == ["champion", "previous", "champion"]
    for number in range(40):
        play(store, "production", str(number % 3), 99)
    assert all(len(tags.get(history_tag("production"), "")) <= HISTORY_LIMIT for tags in store.versions.values())
    assert store.versions["0"][history_tag("production")].endswith("Z")


def test_a_promoted_candidate_is_candidate_no_longer() -> None:
    aliases = Aliases().registered("1", ENVIRONMENTS).promoted("staging", "1")
    assert (aliases.of("staging").candidate, aliases.of("production").candidate) == ("", "1")


def test_registering_again_what_serves_changes_nothing() -> None:
    aliases = Aliases().registered("1", ENVIRONMENTS).promoted("staging", "1")
    assert aliases.registered("1", ENVIRONMENTS) == aliases


def test_other_tags_of_a_model_do_not_matter() -> None:
    assert from_tags({"team": "x", "mlops-champion-": "1"}) == Aliases()
