"""The probe suites of the repository, as far as params.yaml asks for them."""

from functools import lru_cache

from mlops import textfiles
from mlops.domain.evaluation.probes.suites import ENDING, Probe, read
from mlops.domain.evaluation.scoring import chosen
from mlops.errors import BadInput, Problem
from mlops.flow.project import Project


def every(project: Project) -> tuple[Probe, ...]:
    """Every probe of the suites; none where params.yaml asks for none. Raises BadInput with all that is wrong."""
    wanted = project.params.evaluation.probes
    if wanted is None:
        return ()
    folder = project.root / wanted.folder
    files = sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else []
    if not files:
        what = f"evaluation.probes.folder {wanted.folder} has no suite"
        fix = "name the right folder, or set evaluation.probes to null"
        raise BadInput(Problem(what, str(project.params_path), fix=fix, key="evaluation.probes.folder"))
    return _read(tuple((path.relative_to(project.root).as_posix(), textfiles.read(path)) for path in files))


@lru_cache(maxsize=4)
def _read(files: tuple[tuple[str, str], ...]) -> tuple[Probe, ...]:
    """Checked once for each content: a plan asks four times, and the schemas in them take longest."""
    return read(files)


def asked(project: Project) -> tuple[Probe, ...]:
    """Those that the models answer."""
    wanted = project.params.evaluation.probes
    return chosen(every(project), wanted.per_category) if wanted else ()
