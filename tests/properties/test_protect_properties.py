"""Protection: a slip is an error, and production goes only when the parameters say so twice."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.domain.cleanup.plan import Kind
from mlops.domain.cleanup.protect import ProtectionRule, problems, production, protected_by, protection
from mlops.domain.environments.order import PromotionOrder

names = st.text("abc-12", min_size=1, max_size=8)
kinds = st.sampled_from(list(Kind))
ENVIRONMENTS = ("dev", "staging", "production", "live-eu", "Prod2", "last")


@settings(max_examples=200)
@given(st.lists(names, max_size=5), names, kinds, st.booleans())
def test_a_rule_protects_something_or_is_an_error(there: list[str], written: str, kind: Kind, absent: bool) -> None:
    rule = ProtectionRule(kind, written, may_be_absent=absent)
    found = problems([rule], {kind: there}, "params.yaml")
    protects = any(protected_by([rule], kind, name) for name in there)
    assert bool(found) == (not protects and not absent)
    if found:
        assert written in found[0].what


@settings(max_examples=200)
@given(st.lists(names, min_size=1, max_size=5), st.data(), kinds)
def test_a_slip_never_protects_less_in_silence(there: list[str], data: st.DataObject, kind: Kind) -> None:
    meant = data.draw(st.sampled_from(there))
    at = data.draw(st.integers(0, len(meant) - 1))
    slip = meant[:at] + "_" + meant[at + 1 :]  # a letter that no name has
    assert problems([ProtectionRule(kind, slip)], {kind: there}, "params.yaml")
    assert not problems([ProtectionRule(kind, meant.upper())], {kind: there}, "params.yaml"), "Azure ignores the case"
    assert protected_by([ProtectionRule(kind, meant.upper())], kind, meant)


@given(names, names)
def test_a_rule_for_an_endpoint_covers_its_deployments_and_no_other_kind(endpoint: str, deployment: str) -> None:
    rule = ProtectionRule(Kind.ENDPOINT, endpoint)
    assert rule.fits(Kind.DEPLOYMENT, f"{endpoint}/{deployment}")
    assert not rule.fits(Kind.DEPLOYMENT, f"x{endpoint}/{deployment}")
    assert not any(rule.fits(kind, endpoint) for kind in Kind if kind not in (Kind.ENDPOINT, Kind.DEPLOYMENT))


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(ENVIRONMENTS), min_size=1, unique=True),
    st.sampled_from([*product((False, True), repeat=6)]),
    st.sets(st.sampled_from(ENVIRONMENTS)),
    st.sampled_from([*ENVIRONMENTS, "retired", None]),
)
def test_production_goes_only_when_it_is_said_twice(
    order: list[str], flags: tuple[bool, ...], included: set[str], environment: str | None
) -> None:
    protected = dict(zip(order, flags, strict=False))
    chain = PromotionOrder({name: tuple(order[:index][-1:]) for index, name in enumerate(order)})
    counted = production(chain)
    free = not protection(environment, protected, counted, included)
    if free:
        assert environment in protected
        assert not protected[str(environment)]
        assert environment not in counted or environment in included
    else:
        known = environment in protected
        assert not known or protected[str(environment)] or environment not in included
    for name in order:
        if name.lower().startswith(("prod", "live")) or (len(order) > 1 and name == order[-1]):
            assert name in counted
