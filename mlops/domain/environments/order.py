"""Which environment comes after which, and what follows from it: who is next, who is last, who goes side by side."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

ALL = "all"  # the word for every environment


@dataclass(frozen=True)
class PromotionOrder:
    """Environment -> those that it comes right after; the keys are in the order of promotion."""

    after: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Every environment in the order of promotion."""
        return tuple(self.after)

    @property
    def first(self) -> tuple[str, ...]:
        """Those that come after none."""
        return tuple(name for name, before in self.after.items() if not before)

    @property
    def last(self) -> tuple[str, ...]:
        """Those that none comes after: there a release is complete."""
        followed = {one for before in self.after.values() for one in before}
        return tuple(name for name in self.after if name not in followed)

    def next(self, name: str) -> tuple[str, ...]:
        """Those that come right after one."""
        return tuple(one for one, before in self.after.items() if name in before)

    def lacking(self, name: str, serving: Collection[str]) -> tuple[str, ...]:
        """The environment and all before it that do not serve a model yet; none where it is there already.

        What lies before one that serves it was passed, even where it was deleted since.
        """
        if name in serving:
            return ()
        found = {name} | {one for before in self.after[name] for one in self.lacking(before, serving)}
        return tuple(one for one in self.after if one in found)

    def waves(self, chosen: Iterable[str] | None = None) -> tuple[tuple[str, ...], ...]:
        """Those that are promoted to side by side, wave after wave; only the `chosen` ones where some are named."""
        depth: dict[str, int] = {}
        for name, before in self.after.items():
            depth[name] = 1 + max((depth[one] for one in before), default=-1)
        wanted = set(self.after if chosen is None else chosen)
        waves = (
            tuple(name for name in self.after if depth[name] == level and name in wanted)
            for level in range(1 + max(depth.values(), default=-1))
        )
        return tuple(wave for wave in waves if wave)


@dataclass(frozen=True)
class PromotionDue:
    """The environments that are to get a model, in order; or why there are none."""

    environments: tuple[str, ...]
    why: str


def due(
    order: PromotionOrder,
    model: str,
    live: Mapping[str, str | None],
    blocked: Mapping[str, str],
    unproven: Collection[str] = (),
) -> PromotionDue:
    """What has to be promoted so that a model serves in every last environment.

    Only those count: what is before them is on the way, and may have been deleted since. Where a person has the say
    (`blocked`: environment -> why), that one and all after it wait; another branch goes on. One that serves it without
    evidence (`unproven`) has to be passed again, which those after it ask for.
    """
    serving = {name for name, label in live.items() if label == model and (name not in unproven or name in order.last)}
    behind = [name for name in order.last if name not in serving]
    if not behind:
        last = " and ".join(order.last)
        return PromotionDue((), f"{model} has all traffic in {last}" if last else "no environment")
    ways = {name: order.lacking(name, serving) for name in behind}
    stops = {name: next((blocked[one] for one in way if one in blocked), "") for name, way in ways.items()}
    chosen = {one for name, way in ways.items() if not stops[name] for one in way}
    if not chosen:
        return PromotionDue((), next(iter(stops.values())))
    first = next(name for name in behind if not stops[name])
    why = f"{first} serves {live.get(first) or 'nothing'} and not {model}"
    return PromotionDue(tuple(name for name in order.names if name in chosen), why)
