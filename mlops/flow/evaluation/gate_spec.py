"""What params.yaml asks of the gate, taken from it once; needs no workspace."""

from mlops.domain.evaluation.findings import Rule
from mlops.domain.evaluation.metric_table import ALL_PROBES, PROBES_PREFIX
from mlops.domain.evaluation.spec import GateSpec
from mlops.params import Params


def gate_spec(params: Params) -> GateSpec:
    """The block `gate`, and the budgets of the probes as rules."""
    rules = tuple(Rule(**rule.model_dump()) for rule in params.gate.rules)
    return GateSpec((*rules, *_budgets(params)), params.gate.wait_for_metrics_seconds, params.gate.seed)


def _budgets(params: Params) -> list[Rule]:
    wanted = params.evaluation.probes
    if wanted is None or not params.evaluation.enabled:
        return []
    drops = {} if wanted.max_drop is None else {ALL_PROBES: wanted.max_drop}
    drops |= {f"{PROBES_PREFIX}{category}": drop for category, drop in wanted.categories.items()}
    return [Rule(name, not_worse_than="base", margin=drop) for name, drop in drops.items()]
