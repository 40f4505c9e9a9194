"""The probe suites of the repository, as far as params.yaml asks for them."""

from functools import lru_cache
from pathlib import Path

from mlops import textfiles
from mlops.domain.evaluation.probes.suites import ENDING, Probe, read
from mlops.domain.evaluation.scoring import chosen
from mlops.errors import BadInput, Problem
from mlops.flow.project import Project
from mlops.flow.remembered import Remembered


def every(project: Project) -> tuple[Probe, ...]:
    """Every probe of the suites; none where params.yaml asks for none. Raises BadInput with all that is wrong."""
    return read_suites(files(project), project.cache, project.root)


def files(project: Project) -> tuple[tuple[str, str], ...]:
    """Path and text of each suite. Raises BadInput where params.yaml asks for probes and there are none."""
    wanted = project.params.evaluation.probes
    if wanted is None:
        return ()
    folder = project.root / wanted.folder
    found = sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else []
    if not found:
        what = f"evaluation.probes.folder {wanted.folder} has no suite"
        fix = "name the right folder, or set evaluation.probes to null"
        raise BadInput(Problem(what, str(project.params_path), fix=fix, key="evaluation.probes.folder"))
    return tuple((path.relative_to(project.root).as_posix(), textfiles.read(path)) for path in found)


@lru_cache(maxsize=4)
def read_suites(suites: tuple[tuple[str, str], ...], cache: Path | None, root: Path) -> tuple[Probe, ...]:
    """Checked once for each content: a plan asks four times, and the schemas in them take longest."""
    inputs = (part.encode() for suite in suites for part in suite)
    remembered = Remembered.of(cache, root, "probes", inputs)
    if remembered.recall():
        return read(suites, proven=True)
    found = read(suites)
    remembered.keep(True)
    return found


def asked(project: Project) -> tuple[Probe, ...]:
    """Those that the models answer."""
    wanted = project.params.evaluation.probes
    return chosen(every(project), wanted.per_category) if wanted else ()
