"""`mlops promote`: gives a registered model all the traffic of an environment, or takes it back when it is bad."""

from collections.abc import Callable
from dataclasses import replace

from mlops.azure.workspace import Workspace
from mlops.domain.environments.order import PromotionOrder
from mlops.domain.promote.audit import AuditEntry
from mlops.domain.promote.preflight import check_name
from mlops.domain.release import budget
from mlops.domain.tags import COMMIT_TAG, OVER_BUDGET_TAG
from mlops.errors import BadInput, CapRefused
from mlops.flow.ancestry import Ancestry
from mlops.flow.context import Context
from mlops.flow.outcome import Outcome
from mlops.flow.promote import approval, candidate, passed, preflight
from mlops.flow.promote.consent import Consent
from mlops.flow.promote.home import as_allowed
from mlops.flow.promote.precedence import Precedence
from mlops.flow.promote.promotion import Promotion
from mlops.flow.promote.promotion_record import asked, recorded
from mlops.flow.promote.result import PromoteResult
from mlops.flow.promote.rollout_spec import rollout_specs
from mlops.flow.training import known_prices
from mlops.flow.training.known_prices import KnownPrices
from mlops.github_api import GitHub
from mlops.params import Params


def _check_budget(
    params: Params, at: Callable[[str | None], Workspace], where: str, agreed: str, say: Callable[[str], None]
) -> None:
    """Raises CapRefused where the endpoints cost too much and nobody agreed; says what has no price by anybody."""
    limit = params.budget.month
    if limit is None:
        return
    machines = known_prices.machines(params, at, KnownPrices(params, ask=True))
    if problem := budget.serving(limit, machines, where):
        if not agreed:
            raise CapRefused(problem)
        say(f"{problem.what}; whoever had the model trained agreed: {agreed}")
    if said := known_prices.unpriced(where, machines, budget.MONTH):
        say(str(said))


def run(
    context: Context,
    environment: str,
    *,
    model: str | None,
    commit: str = "",
    consent: Consent | None = None,
    github: Callable[[], GitHub] | None = None,
) -> Outcome[PromoteResult]:
    """Give a registered model all traffic of an environment.

    `commit` asks for it; where it is empty, a model that was named is taken as asked for by the commit that made it,
    and one that was not named by the current one. `github` knows who approved it; None where nobody was asked there.
    """
    consent = consent or Consent()
    consent.check(model)
    context.environment(environment)  # a misspelt name is told before anybody signs in
    specs = rollout_specs(context)
    spec, home = specs[environment], context.workspace
    workspace, order = home.at(spec.place), PromotionOrder(context.params.order)
    later, before = ([specs[name] for name in names] for names in (order.next(environment), order.after[environment]))
    registered = candidate.registered(context, model, spec)
    with as_allowed(spec, context.say, "whether the model is held, and what it passed"):
        registered = passed.known(home, spec, registered)
    if not consent.over_budget:
        agreed = registered.tags.get(OVER_BUDGET_TAG, "")
        _check_budget(context.params, context.at, str(context.params_path), agreed, context.say)
    passage = passed.Passage(home, spec, before, context.say, consent.skip_earlier)
    commit = commit or (registered.tags.get(COMMIT_TAG, "") if model else context.commit)
    if approval.waits(context.environment(environment).approval, consent):
        return Outcome(approval.waiting(workspace, spec, registered.label, context.actor))
    if context.environment(environment).approval == "none" and not later:
        context.say(approval.NOBODY.format(environment))
    with recorded(home, spec, registered, commit, context.say) as recorder:
        if bad := check_name(spec.endpoint, spec.key("endpoint"), spec.params_file, spec.key("endpoint")):
            # its name is bad: that, and everything else that can be known without it
            found = preflight.findings(workspace, spec, registered, candidate.deployment(registered), None)
            raise BadInput([bad.problem, *(finding.problem for finding in found)])
        asked_there = github if context.environment(environment).approval == "github" else None
        approved = approval.approved_by(asked_there, environment, context.say) if asked_there else ""
        audit = AuditEntry(workspace.now(), context.actor, consent.reason, approved)
        theirs = replace(asked(home, registered, environment), commit=commit)
        precedence = Precedence(home, spec, theirs, Ancestry(context.root, context.say))
        promotion = Promotion(
            home, spec, registered, later, context.say, context.holder, audit, consent, precedence, passage
        )
        return recorder.outcome(promotion.run())
