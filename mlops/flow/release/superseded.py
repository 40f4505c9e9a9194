"""Whether a newer push of the branch takes the place of this one, so that quick pushes are one training.

A push whose files of conversations and parameters are those of the branch's tip goes on, also where newer commits
changed something else: those start no run of their own.
"""

from mlops import history
from mlops.flow.context import Context


def why(context: Context) -> str:
    """Why this push is left to a newer one; empty where it is not, and where nobody pushed."""
    if not context.pushed_branch or context.params.training.queued_pushes == "each":
        return ""
    top = history.top(context.root)
    tip = history.tip(top, context.pushed_branch)
    if tip in ("", context.commit) or not _changed(context, tip):
        return ""
    return f"{context.pushed_branch} is at {tip[:12]} by now, with other data or parameters; it is planned by itself"


def _changed(context: Context, tip: str) -> list[str]:
    """Files that decide what is trained, and that differ at the tip; named from the folder of params.yaml."""
    top, root = history.top(context.root), context.root.resolve()
    paths = [top / path for path in history.between(top, context.commit, tip)]
    inside = [path.relative_to(root).as_posix() for path in paths if root in path.parents]
    params = context.params
    decides = (context.params_path.name,)
    return [name for name in inside if name in decides or params.is_curated(name) or params.is_probe(name)]
