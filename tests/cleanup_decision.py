"""Decides over endpoints as production does: each is judged, and the plan holds what is judged against the caps."""

from collections.abc import Sequence
from datetime import datetime

from mlops.domain.cleanup import plan
from mlops.domain.cleanup.idle_endpoints import EndpointUsage, IdleEndpointPolicy, judge


def decide(endpoints: Sequence[EndpointUsage], policy: IdleEndpointPolicy, now: datetime) -> plan.Plan:
    """The plan for these endpoints alone, with every switch on."""
    items = judge(endpoints, policy, now)
    return plan.plan(items, max_deletions=policy.max_deletions, max_share=policy.max_share)
