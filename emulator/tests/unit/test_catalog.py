"""The catalog's data hold together, and inputs are refused for the reasons that the service has."""

import ast
import re
from typing import Any

import pytest

from azureml_emulator.catalog import components, models, sizes
from azureml_emulator.catalog.components import Component

VERSIONS = ("0.0.74", "0.0.75", "0.0.78", "0.0.81", "0.0.82")
REGISTRY = "azureml"


def pipeline(version: str) -> Component:
    found = components.find(REGISTRY, "chat_completion_pipeline", version)
    assert found is not None
    return found


@pytest.fixture
def newest() -> Component:
    return pipeline("0.0.82")


def codes(component: Component, given: dict[str, object], bound: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(problem.input, problem.code) for problem in components.validate_inputs(component, given, bound=bound)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_default_passes_the_checks_of_its_own_input(version: str) -> None:
    component = pipeline(version)
    assert (
        codes(component, {name: said["default"] for name, said in component.inputs.items() if "default" in said}) == []
    )
    assert codes(component, {}) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_binding_in_the_graph_leads_somewhere(version: str) -> None:
    component = pipeline(version)
    bindings = re.findall(r"\$\{\{parent\.(\w+)\.([\w.]+)\}\}", str(component.jobs))
    assert len(bindings) > 100
    for kind, rest in bindings:
        name = rest.split(".")[0]
        assert name in {"inputs": component.inputs, "outputs": component.outputs, "jobs": component.jobs}[kind]
    produced = {
        binding.split(".")[-1].rstrip("}")
        for binding in re.findall(r"\$\{\{parent\.outputs\.\w+\}\}", str(component.jobs))
    }
    assert produced == set(component.outputs)


def test_the_versions_differ_as_their_history_says() -> None:
    oldest, old, middle, newer, new = (pipeline(version) for version in VERSIONS)
    assert oldest.inputs["optim"]["enum"] == ["adamw_hf", "adamw_torch", "adafactor"]
    assert (set(oldest.inputs), list(oldest.jobs)) == (set(old.inputs), list(old.jobs))
    assert (set(newer.inputs), list(newer.jobs)) == (set(middle.inputs), list(new.jobs))
    assert set(middle.inputs) - set(old.inputs) == {"compute_model_evaluation"}
    assert set(new.inputs) - set(middle.inputs) == {"finetune_config_path", "trust_remote_code"}
    assert ([len(one.inputs) for one in (old, middle, new)], list(middle.jobs)[-2:]) == (
        [66, 67, 69],
        ["model_prediction", "compute_metrics"],
    )
    assert (old.inputs["evaluation_strategy"]["enum"], new.inputs["evaluation_strategy"]["enum"]) == (
        ["epoch", "steps"],
        ["epoch", "steps", "disable"],
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"learning_rate_max": "5e-5"}, ("learning_rate_max", "UnknownInput")),
        ({"precision": "8"}, ("precision", "InvalidEnumValue")),
        ({"apply_lora": "True"}, ("apply_lora", "InvalidEnumValue")),
        ({"num_nodes_finetune": "0"}, ("num_nodes_finetune", "OutOfRange")),
        ({"num_train_epochs": "1.5"}, ("num_train_epochs", "InvalidType")),
        ({"learning_rate": "fast"}, ("learning_rate", "InvalidType")),
        ({"learning_rate": "nan"}, ("learning_rate", "InvalidType")),
        ({"train_file_path": "train.jsonl"}, ("train_file_path", "InvalidType")),
    ],
)
def test_a_bad_input_is_named_with_its_reason(
    newest: Component, given: dict[str, object], problem: tuple[str, str]
) -> None:
    assert codes(newest, given) == [problem]


def test_all_problems_are_found_at_once_and_good_values_pass(newest: Component) -> None:
    good = {
        "learning_rate": "5e-06",
        "precision": "16",
        "num_train_epochs": 3,
        "deepspeed_stage": 2,
        "huggingface_id": "a/b",
    }
    assert codes(newest, good, ("train_file_path", "mlflow_model_path")) == []
    assert len(codes(newest, {**good, "precision": "8", "nope": "1", "optim": "adamw_hf"})) == 3
    assert codes(newest, {}, ("nope",)) == [("nope", "UnknownInput")]


def test_a_required_input_without_default_is_missed(newest: Component) -> None:
    strict = Component(**{**vars(newest), "inputs": {"x": {"type": "string"}, "y": {"type": "uri_file"}}})
    assert codes(strict, {}) == [("x", "MissingInput"), ("y", "MissingInput")]
    assert codes(strict, {"x": ""}, ("y",)) == []


def test_the_specification_states_defaults_and_bounds_as_text(newest: Component) -> None:
    inputs = newest.spec()["inputs"]
    assert inputs["num_nodes_finetune"]["default"] == inputs["num_nodes_finetune"]["min"] == "1"
    assert inputs["learning_rate"]["default"] == "2e-05"
    assert newest.inputs["num_nodes_finetune"]["default"] == 1


def test_every_size_that_a_model_names_is_offered() -> None:
    named = re.findall(
        r"Standard_\w+",
        str([(model.tags, model.properties, model.system_metadata) for model in models.every(REGISTRY)]),
    )
    assert len(set(named)) > 10
    assert [name for name in named if sizes.find(name) is None] == []


def test_names_of_sizes_and_models_ignore_case() -> None:
    size = sizes.find("STANDARD_nc24ADS_a100_V4")
    assert size is not None
    assert (size.name, size.gpus, size.vcpus, size.memory, size.reserve) == (
        "Standard_NC24ads_A100_v4",
        1,
        24,
        220.0,
        False,
    )
    assert sizes.find("Standard_NC4as_T4_v3") != sizes.find("Standard_NC8as_T4_v3")
    assert sizes.find("Standard_Nope") is None
    assert models.find(REGISTRY, "phi-3-MINI-4k-instruct", "15") == models.find(
        REGISTRY, "Phi-3-mini-4k-instruct", "15"
    )
    assert models.find("other", "Phi-4", "8") is None


def test_tags_of_the_older_form_are_reprs_of_python_values() -> None:
    model = models.find(REGISTRY, "Phi-3-medium-4k-instruct", "6")
    assert model is not None
    said = ast.literal_eval(model.tags["model_specific_defaults"])
    assert (said["apply_lora"], said["deepspeed_stage"], said["max_seq_length"]) == ("false", 3, 4096)
    assert ast.literal_eval(model.tags["finetune_compute_allow_list"]) == [
        "Standard_ND96amsr_A100_v4",
        "Standard_NC96ads_A100_v4",
    ]


def test_a_model_without_fine_tuning_says_nothing_of_it() -> None:
    model = models.find(REGISTRY, "mistralai-Mistral-7B-Instruct-v01", "13")
    assert model is not None
    assert not [key for key in (*model.tags, *model.properties) if "finetun" in key.lower()]


def test_every_step_of_a_pipeline_is_a_component_of_the_registry() -> None:
    for version in VERSIONS:
        for node in pipeline(version).jobs.values():
            name, child_version = node["componentId"].split("/")[-3::2]
            child = components.find(REGISTRY, name, child_version)
            assert child is not None
            assert set(node["inputs"]) <= set(child.inputs)
            needed = {port for port, said in child.inputs.items() if said.get("optional") is False}
            assert needed - {"device"} <= set(node["inputs"])
            assert set(node["outputs"]) <= set(child.outputs)
    metrics = components.find(REGISTRY, "compute_metrics", "0.0.36")
    assert metrics is not None
    assert (metrics.inputs["ground_truth"]["type"], metrics.outputs) == (
        "uri_folder",
        {"evaluation_result": metrics.outputs["evaluation_result"]},
    )


@pytest.mark.parametrize(
    ("name", "port", "end"),
    [
        ("import_data_database", "outputs", {"source": {"type": "database"}}),
        ("import_data_file_system", "outputs", {"source": {"type": "file_system"}}),
        ("export_data_database", "inputs", {"sink": {"type": "database"}}),
    ],
)
def test_what_moves_data_says_from_or_to_what_and_has_no_command(name: str, port: str, end: dict[str, Any]) -> None:
    found = components.find("azureml", name, "0.0.1")
    assert found is not None
    spec = found.spec()
    assert (spec["type"], spec["task"]) == ("data_transfer", f"{name.split('_', maxsplit=1)[0]}_data")
    assert [key for key in ("inputs", "outputs") if spec[key]] == [port]
    assert {key: spec[key] for key in end} == end
    assert "command" not in spec
