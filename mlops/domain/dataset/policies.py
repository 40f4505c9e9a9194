"""What becomes of a conversation that holds secrets, personal data or control tokens.

It must not say what is found: `personal` and `lost_meaning` do.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from mlops.domain.dataset import lost_meaning, personal
from mlops.domain.dataset.rows import Fault, Reason
from mlops.domain.dataset.validate import Conversation, prompt_digest

Policy: TypeAlias = Literal["warn", "refuse", "redact", "ignore"]
PERSONAL_FIX = "replace it by a made-up value (user@example.com), or set data.personal_data in params.yaml"
CONTROL_FIX = "write it with spaces (< |end| >), or set data.control_tokens in params.yaml"


@dataclass(frozen=True)
class Policies:
    """`personal` is one policy for all, or one by kind or group (`secrets`, `personal`, `default`)."""

    personal: Policy | Mapping[str, Policy] = "warn"
    control_tokens: Literal["warn", "refuse", "ignore"] = "refuse"

    def of(self, kind: str) -> Policy:
        """The policy for a kind of personal data or secret."""
        if isinstance(self.personal, str):
            return self.personal
        names = (kind, personal.group_of(kind), "default")
        return next((self.personal[name] for name in names if name in self.personal), "warn")

    @property
    def looks(self) -> bool:
        """Whether anything personal is looked for."""
        return any(self.of(kind) != "ignore" for kind in personal.KINDS)


@dataclass(frozen=True)
class Screened:
    """What became of a conversation: itself, or a redacted one, or nothing and the fault; and what is only told.

    `kinds` counts each kind once; `redacted` counts values.
    """

    found: Conversation | None
    fault: Fault | None = None
    warnings: tuple[Fault, ...] = ()
    kinds: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)


def screen(found: Conversation, policies: Policies) -> Screened:
    """Look through every message."""
    warnings: list[Fault] = []
    kinds: set[str] = set()
    redact: set[str] = set()
    for number, (_, content) in enumerate(found.messages):
        for fault, policy, names in _looked(number, content, policies):
            if policy == "refuse":
                return Screened(None, fault)
            if policy == "redact":
                redact.update(names)
                continue
            warnings.append(fault)
            kinds.update(names)
    if not redact:
        return Screened(found, None, tuple(warnings), Counter(kinds))
    done, count = redacted(found, redact)
    return Screened(done, None, tuple(warnings), Counter(kinds), count)


def _looked(number: int, content: str, policies: Policies) -> list[tuple[Fault, Policy, tuple[str, ...]]]:
    """What a message holds, by policy, what is refused first."""
    told: list[tuple[Fault, Policy, tuple[str, ...]]] = []
    if policies.control_tokens != "ignore" and (token := lost_meaning.control_token(content)):
        what = f"messages[{number}] holds the control token {token}, which the tokenizer reads as structure"
        told.append((Fault(Reason.CONTROL, what, CONTROL_FIX), policies.control_tokens, ()))
    by_policy: dict[Policy, list[str]] = {}
    for kind in personal.find(content) if policies.looks else ():
        by_policy.setdefault(policies.of(kind), []).append(kind)
    for policy in ("refuse", "redact", "warn"):
        if names := by_policy.get(policy):
            what = f"messages[{number}] seems to hold {', '.join(names)}"
            told.append((Fault(Reason.PERSONAL_DATA, what, PERSONAL_FIX), policy, tuple(names)))
    return sorted(told, key=lambda one: one[1] != "refuse")


def redacted(found: Conversation, kinds: set[str]) -> tuple[Conversation, Counter[str]]:
    """The conversation with placeholders; the same value has the same one in all its messages."""
    known: dict[tuple[str, str], str] = {}
    messages = tuple((role, personal.redact(content, kinds, known)) for role, content in found.messages)
    prompt = personal.redact(found.prompt, kinds, known)
    digest = found.prompt_id if prompt == found.prompt else prompt_digest(prompt)
    characters = sum(len(content) for _, content in messages)
    count = Counter(kind for kind, _ in known)
    return replace(found, prompt=prompt, prompt_id=digest, messages=messages, characters=characters), count
