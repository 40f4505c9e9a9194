"""From the parameters to what preparation is told; mapping files are read here."""

import re
from pathlib import Path

import yaml

from mlops import textfiles, yamls
from mlops.dataset import Options
from mlops.dataset.tokens import KEY
from mlops.domain.dataset.formats.threads import ThreadMapping, mapping_of
from mlops.domain.dataset.policies import Policies
from mlops.domain.dataset.sources import SourceSpec
from mlops.errors import BadInput, Problem
from mlops.flow.evaluation import probes
from mlops.flow.project import Project
from mlops.params.data import SourceParams

# How models name their window: Phi-3-mini-4k-instruct.
_WINDOW = re.compile(r"(?:^|[-_])(\d{1,4})k(?:[-_]|$)", re.IGNORECASE)


def options(project: Project) -> Options:
    """The `data` block, with the window of the base model. Raises BadInput for a mapping file that is wrong."""
    wanted = project.params.data
    return Options(
        seed=wanted.seed,
        validation_share=wanted.validation_share,
        curated_test_share=wanted.curated_test_share,
        max_characters=wanted.max_characters,
        policies=Policies(wanted.personal_data, wanted.control_tokens),
        near_duplicates=wanted.near_duplicates,
        duplicates=wanted.duplicates,
        max_tokens=wanted.max_tokens,
        weights=wanted.weights,
        sources=tuple(spec(project.root, entry) for entry in wanted.sources),
        window=window(project),
        questions=probes.every(project),
        tokenizer=tokenizer(project),
    )


def window(project: Project) -> int | None:
    """How many tokens of a conversation the training looks at: as the parameters say, else as the model's name does."""
    stated = project.params.training.parameters.get("max_seq_length")
    if isinstance(stated, int | str) and str(stated).isdecimal() and int(stated) > 0:
        return int(stated)
    found = _WINDOW.search(project.params.model.base)
    return int(found[1]) * 1024 if found else None


def tokenizer(project: Project) -> Path | None:
    """The folder of the base model's tokenizer, here or in the hub's cache. Raises BadInput."""
    wanted = project.params.data.tokenizer
    if wanted is None:
        return None
    if (folder := project.root / wanted).is_dir():
        return folder
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(wanted, "tokenizer.json")
    except HFValidationError:
        found = None
    if isinstance(found, str):
        return Path(found).parent
    fix = f"name a folder that has a tokenizer.json, or fetch it: `hf download {wanted} tokenizer.json`"
    raise BadInput(Problem(f"there is no tokenizer {wanted!r} here", str(project.params_path), fix=fix, key=KEY))


def spec(root: Path, entry: SourceParams) -> SourceSpec:
    """One entry of `data.sources`."""
    columns = entry.columns.model_dump(exclude_none=True) if entry.columns else {}
    mapping = read_mapping(root / entry.mapping) if entry.mapping else None
    given = entry.model_dump(include={"path", "format", "encoding", "weight", "share", "max_rows", "licence"})
    return SourceSpec(**given, columns=columns, mapping=mapping)


def read_mapping(path: Path) -> ThreadMapping:
    """A mapping file. Raises BadInput."""
    try:
        return mapping_of(yamls.read(textfiles.read(path)))
    except (OSError, ValueError, yaml.YAMLError) as error:
        fix = "write it as docs/data.md#exports-of-chat-and-help-desk-systems shows"
        what = "the mapping file cannot be used"
        raise BadInput(Problem(what, str(path), why=str(error)[:300], fix=fix)) from None
