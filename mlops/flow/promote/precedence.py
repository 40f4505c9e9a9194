"""Looks up whether a model was asked for before the one that an endpoint serves."""

from dataclasses import dataclass, field

from mlops.azure import sharing
from mlops.azure.workspace import Workspace
from mlops.domain.asset_ids import parse_model
from mlops.domain.promote import rollback_target
from mlops.domain.promote.endpoint import EndpointFacts
from mlops.domain.promote.spec import RolloutSpec
from mlops.domain.release.precedence import Asked, IsAncestor, is_older
from mlops.flow.promote.promotion_record import asked


@dataclass
class Precedence:
    """What asks for a model, to be compared with what asked for a live one, which is looked up once."""

    workspace: Workspace
    spec: RolloutSpec
    asked: Asked
    is_ancestor: IsAncestor
    _known: dict[str, bool | None] = field(default_factory=dict)

    def older(self, facts: EndpointFacts, deployment: str) -> bool | None:
        """Whether this model was asked for before the one that has the traffic; None: not known, or none has any."""
        live = rollback_target.main(facts, deployment)
        return None if live is None or facts.share(deployment) else self._older_than(live.model)

    def _older_than(self, live: str) -> bool | None:
        if live not in self._known:
            name, version = parse_model(live)
            found = sharing.find(self.workspace, self.spec.registry, name, version)
            before = asked(self.workspace, found, self.spec.environment) if found else None
            self._known[live] = is_older(self.asked, before, self.is_ancestor) if before else None
        return self._known[live]
