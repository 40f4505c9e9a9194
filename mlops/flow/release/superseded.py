"""Whether a newer push of the branch takes the place of this one, so that quick pushes are one training.

A push whose files of conversations and parameters are those of the branch's tip goes on, also where newer commits
changed something else: those start no run of their own.
"""

from mlops import history
from mlops.flow.project import Project


def why(project: Project, commit: str, branch: str) -> str:
    """Why the push of a commit is left to a newer one; empty where it is not, and where nobody pushed a branch."""
    if not branch or project.params.training.queued_pushes == "each":
        return ""
    tip = history.tip(history.top(project.root), branch)
    if tip in ("", commit) or not _differs(project, commit, tip):
        return ""
    return f"{branch} is at {tip[:12]} by now, with other data or parameters; it is planned by itself"


def _differs(project: Project, commit: str, tip: str) -> bool:
    """Whether a file that decides what is trained differs at the tip."""
    top, root, params = history.top(project.root), project.root, project.params
    paths = [top / path for path in history.between(top, commit, tip)]
    inside = [path.relative_to(root).as_posix() for path in paths if root in path.parents]
    return any(name == project.params_path.name or params.is_curated(name) or params.is_probe(name) for name in inside)
