"""How fast things change state: a delay is data, so a test or a rehearsal can set it.

It must not know what a state means to a resource; `operations` and the job runner ask it how long to wait.
"""

from dataclasses import dataclass

from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.store import Store

SECONDS_A_READ = 5.0  # of the emulator's clock: they stand for a read that does not come, for its client may have died


@dataclass(frozen=True)
class Delay:
    """A change happens after so many reads of its state and so many seconds of the emulator's clock."""

    reads: int = 0
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """The form that `parse` reads."""
        return f"{self.reads} reads, {self.seconds} s"

    def is_over(self, elapsed: float, reads: int) -> bool:
        """Whether it has passed, so many seconds after its start and so many reads later."""
        return elapsed >= self.seconds + max(0, self.reads - reads) * SECONDS_A_READ


AT_ONCE = Delay()

DEFAULTS: dict[str, Delay] = {
    "workspaces": Delay(reads=2),
    "computes": AT_ONCE,
    "onlineEndpoints": AT_ONCE,
    "deployments": Delay(reads=1),
    "jobs": Delay(seconds=3.0),  # a cancel right after the submission finds it running, as the service's does
    "batchEndpoints": AT_ONCE,
    "capabilityHosts": AT_ONCE,
    "marketplaceSubscriptions": AT_ONCE,
    "outboundRules": AT_ONCE,
    "registries": AT_ONCE,
    "registryAssets": AT_ONCE,
    "schedules": Delay(reads=2),  # the first look of a client sees it being made
    "serverlessEndpoints": AT_ONCE,
}


def delay(store: Store, kind: str) -> Delay:
    """The delay for a kind of resource: what was set through the control surface, else the default."""
    text = store.setting(f"delay.{kind}", "")
    return parse(text) if text else DEFAULTS.get(kind, AT_ONCE)


def set_delay(store: Store, kind: str, text: str) -> Delay:
    """Set it, in the form `N reads` and/or `T s`, or `at once`. Raises a 400 for a kind that never takes time."""
    if kind not in DEFAULTS:
        raise ServiceError(400, "BadDelay", f"{kind!r} has no delay; there are {', '.join(DEFAULTS)}")
    wanted = parse(text)
    store.set_setting(f"delay.{kind}", wanted.text)
    return wanted


def parse(text: str) -> Delay:
    """Read `at once`, `3 reads`, `40 s`, `3 reads, 40 s`. Raises a 400 that shows the forms."""
    reads, seconds = 0, 0.0
    for part in text.split(","):
        words = part.split()
        match words:
            case ["at", "once"]:
                continue
            case [number, "reads" | "read"] if number.isdecimal():
                reads = int(number)
            case [number, "s"] if number.replace(".", "", 1).isdecimal():
                seconds = float(number)
            case _:
                raise ServiceError(
                    400, "BadDelay", f"{text!r} is not a delay; write 'at once', '3 reads', '40 s' or '3 reads, 40 s'"
                )
    return Delay(reads, seconds)
