"""`mlops register`: the version of a model, and its card."""

from collections.abc import Mapping

from mlops.flow.registry.register import RegisterResult, Registration
from mlops.render import Report
from mlops.views import model_card


def report(result: RegisterResult) -> Report:
    """For people."""
    next_step, shared = f"mlops promote {result.next_environment}", _shared(result)
    if result.registration is Registration.ALREADY:
        lines = (f"{result.label} carries fingerprint {result.fingerprint}", shared)
        return Report("Registered already", lines, next_step=next_step)
    source = f"from {result.job}"
    if result.registration is Registration.BY_ANOTHER:
        source += ", by another process"
    notes = result.card.notes if result.card else ()
    return Report(
        f"Registered {result.label}",
        (source, f"model card in {result.card_file}", shared, *notes),
        sections=model_card.card(result.card).as_sections() if result.card else (),
        next_step=next_step,
    )


def outputs(result: RegisterResult) -> Mapping[str, str]:
    """The version."""
    return {"model": result.label}


def _shared(result: RegisterResult) -> str:
    if result.shared_now is None:
        return ""
    registry = f"the registry {result.registry}"
    return f"shared with {registry}" if result.shared_now else f"is in {registry} already"
