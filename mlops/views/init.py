"""`mlops init`: each file with what became of it, the differences, and how to go on."""

from collections.abc import Mapping

from mlops.domain.repository.changes import FileState
from mlops.flow.repository.init import InitResult
from mlops.render import Report, Section, table


def report(result: InitResult) -> Report:
    """For people."""
    kept = [one for one in result.files if one.state is FileState.DIFFERS]
    differing = [one for one in result.files if one.difference]
    base = result.base.replace(":", " version ")
    retired = f"; retired from fine-tuning on {result.retired:%Y-%m-%d}, Azure may refuse it" if result.retired else ""
    return Report(
        f"A repository for {result.model}",
        (
            f"base model {base}{retired}",
            f"its workflows call those of {result.workflows}",
            f"first commit {result.commit[:12]}" if result.commit else "",
            f"{len(kept)} files of yours differ and were kept; --force replaces them" if kept else "",
        ),
        tables=(table("Files", ("file", "what"), [(one.path, one.state.value) for one in result.files]),),
        sections=tuple(Section(f"{one.state.value}: {one.path}", (one.difference,)) for one in differing),
        next_step="mlops check",
    )


def outputs(result: InitResult) -> Mapping[str, str]:
    """The commit of this program that the workflows call."""
    return {"workflows": result.workflows}
