"""A base model is read in the older form (tags of text) and in the newer one (system metadata)."""

from datetime import UTC, datetime

import pytest

from mlops.domain.machines import MinimumSize, check_size
from mlops.domain.training.base_model import BaseModel, literal

OLDER = BaseModel(
    "Phi-3-mini-4k-instruct",
    "15",
    "id",
    tags={
        "finetune_compute_allow_list": "['Standard_NC24ads_A100_v4', 'Standard_ND96asr_v4']",
        "model_specific_defaults": "{'precision': 16, 'learning_rate': '5e-6'}",
        "FinetuneRetirementDate": "2025-08-30",
    },
    properties={"finetuning-tasks": "chat-completion", "finetune-min-sku-spec": "24|1|220|64"},
)
NEWER = BaseModel(
    "Phi-4",
    "8",
    "id",
    system_metadata={
        "tasks": {"fineTuningTasks": ["chat-completion"]},
        "supportedComputes": {"finetuneComputes": ["Standard_NC40ads_H100_v5"]},
        "SKU": {"finetuneMinSkuSpec": "24|1|220|64"},
        "deprecation": {"finetuneRetirementDate": "2025-08-30T00:00:00.000000Z"},
    },
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("model", [OLDER, NEWER])
def test_both_forms_say_the_same_kinds_of_things(model: BaseModel) -> None:
    assert model.supports_fine_tuning()
    assert model.finetune_list().sizes
    assert model.finetune_minimum() == MinimumSize(24, 1, 220, 64)
    assert model.retired(NOW) == datetime(2025, 8, 30, tzinfo=UTC)


def test_defaults_come_as_text_whatever_they_were() -> None:
    assert OLDER.default_parameters() == {"precision": "16", "learning_rate": "5e-6"}
    assert NEWER.default_parameters() == {}


def test_a_tag_is_read_without_running_it() -> None:
    with pytest.raises(ValueError, match="not a literal"):
        literal("__import__('os').getcwd()")
    with pytest.raises(ValueError, match="longer than"):
        literal("[" * 30_000)


def test_a_model_that_names_no_sizes_says_so() -> None:
    assert BaseModel("m", "1", "id").finetune_list().sizes is None
    assert not BaseModel("m", "1", "id").supports_fine_tuning()


def test_sizes_are_compared_without_regard_to_case() -> None:
    assert check_size("STANDARD_NC24ADS_A100_V4", OLDER.finetune_list().sizes, "fine-tuning", "x") is None


def test_a_size_off_the_list_is_refused_with_the_list() -> None:
    problem = check_size("Standard_D2_v2", OLDER.finetune_list().sizes, "fine-tuning", "x")
    assert problem is not None
    assert "Standard_ND96asr_v4" in problem.fix


def test_without_a_list_the_sizes_known_not_to_work_are_refused() -> None:
    assert check_size("Standard_NC24r", None, "fine-tuning", "x") is not None
    assert check_size("Standard_NC24ads_A100_v4", None, "fine-tuning", "x") is None
