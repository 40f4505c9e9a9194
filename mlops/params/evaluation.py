"""What `params.yaml` may say about scoring models on held-out conversations. It must not read a file."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mlops.clouds import CLOUDS
from mlops.params.block import Block, Positive, Price, Share
from mlops.params.patterns import JUDGE

HOSTS = tuple(f".{host}" for cloud in CLOUDS for host in cloud.models)


class Probes(Block):
    """Questions with checked answers, which show what a model has lost beside what it was trained on."""

    folder: str = Field("data/probes", description="Folder of the suites, one *.jsonl a category; never trained on")
    per_category: Positive | None = Field(
        None, description="How many of a category are asked, from its start; null for all"
    )
    max_drop: Share | None = Field(
        0.05, description="Largest loss of passed probes against the base model, over all categories; null for any"
    )
    categories: dict[str, Share] = Field(
        default_factory=dict, description="The same for one category, by the name of its file"
    )


class Judge(Block):
    """A chat model that compares two models' answers for `mlops judge`; signed in with Entra, no key is stored."""

    endpoint: str = Field(
        pattern=JUDGE,
        description="https://NAME.openai.azure.com, or the name of an online endpoint of the workspace",
    )
    deployment: str = Field("", description="Deployment of Azure OpenAI; empty for an endpoint of the workspace")
    api_version: str = Field("2024-10-21", description="Version of Azure OpenAI's interface")
    rubric: str = Field("judge/rubric.md", description="File with what makes an answer better")
    human: str | None = Field(None, description="File of pairs that people labelled, to measure agreement with")
    conversations: Positive = Field(50, description="Held-out conversations whose answers are compared, from the start")
    max_calls: Positive = Field(300, description="Most calls of one command; more are refused before the first")
    max_answer_tokens: Positive = Field(200, description="Length of an answer of the judge")
    response_format: Literal["json_schema", "json_object", "text"] = Field(
        "json_schema", description="How the form is asked for; older models know json_object or text alone"
    )
    reasoning: bool = Field(False, description="A reasoning model: no temperature, and max_completion_tokens")
    input_price: Price | None = Field(None, description="Price of a million tokens that are sent")
    output_price: Price | None = Field(None, description="Price of a million tokens that are answered")

    @property
    def azure_openai(self) -> bool:
        """Whether it is a resource of Azure OpenAI, and no endpoint of the workspace."""
        return self.endpoint.startswith("https://")

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.azure_openai and not self.deployment:
            raise ValueError("a judge of Azure OpenAI needs the name of its deployment")
        host = self.endpoint.removeprefix("https://").rstrip("/")
        if self.azure_openai and not host.endswith(HOSTS):
            raise ValueError(
                f"{host} is no host of Azure OpenAI, so it is sent no token; hosts end in {', '.join(HOSTS)}"
            )
        return self


class Evaluation(Block):
    """A second pipeline job, in which candidate and champion answer the same held-out conversations."""

    enabled: bool = Field(
        False, description="Score models after training, unless the training component does so by itself"
    )
    component: str = Field("model_evaluation_pipeline", description="Evaluation component in the registry")
    component_version: str = Field("0.0.36", description="Version of the component, or `latest`")
    metrics_component: str | None = Field(
        None,
        description="Component that computes the metrics, where `component` predicts alone; null where it does both",
    )
    metrics_component_version: str = Field("0.0.36", description="Version of that component, or `latest`")
    compute: str | None = Field(None, description="Name of a cluster, or `serverless`; null for training.compute")
    instance_type: str | None = Field(
        None, description="VM size where the compute is serverless; null for training.instance_type"
    )
    conversations: Positive = Field(32, description="Conversations of the test split that are answered, from its start")
    max_new_tokens: Positive = Field(64, description="Length of an answer")
    probes: Probes | None = Field(None, description="Probe suites that candidate and base model answer; null for none")
    judge: Judge | None = Field(None, description="A chat model that compares answers in `mlops judge`; null for none")
