"""The shipped parameters and each preset name a base model and a component version that is known to train it."""

from pathlib import Path

import pytest

from azureml_emulator.stand_in_model import misfits
from azureml_emulator.stand_in_model.report import NodeError
from mlops.domain.training.compatibility import COMPONENT, MISMATCHES, mismatches
from mlops.params import Params, load, overlay
from mlops.params.presets import presets, settings

SHIPPED = Path(__file__).resolve().parents[2] / "params.yaml"


def shipped(preset: str | None = None) -> Params:
    return load(SHIPPED, overlay.parse(settings(preset)) if preset else ())


@pytest.mark.parametrize("preset", [None, *presets()])
def test_what_is_shipped_trains(preset: str | None) -> None:
    found = shipped(preset)
    assert found.training.component == COMPONENT
    assert not mismatches(found.model.base, COMPONENT, found.training.component_version)


def test_the_default_is_phi_3_mini() -> None:
    assert (shipped().model, shipped().training) == (shipped("phi-3-mini").model, shipped("phi-3-mini").training)


def test_a_preset_is_another_model_under_another_name() -> None:
    assert len({shipped(name).model.name for name in presets()}) == len(presets())


def test_the_emulator_fails_where_the_warning_says_so() -> None:
    warned = {(row.base, version) for row in MISMATCHES for version in row.components}
    assert {(row.base, version) for row in misfits.MISFITS for version in row.versions} <= warned
    for row in misfits.MISFITS:
        with pytest.raises(NodeError, match=row.message.partition(":")[0]):
            misfits.check(row.node, f"{row.base}x", row.versions[0])
        misfits.check(row.node, f"{row.base}x", "0.0.74" if row.base == "Phi-3-" else "0.0.81")
