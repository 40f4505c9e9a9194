"""What `params.yaml` may say about scoring models on held-out conversations. It must not read a file."""

from typing import Literal, Self

from mlops.clouds import CLOUDS
from mlops.params.block import Block, Positive, Price, Share, key, together
from mlops.params.patterns import JUDGE

HOSTS = tuple(f".{host}" for cloud in CLOUDS for host in cloud.models)


class Probes(Block):
    """Questions with checked answers, which show what a model has lost beside what it was trained on."""

    folder: str = key("data/probes", description="Folder of the suites, one *.jsonl a category; never trained on")
    per_category: Positive | None = key(
        None, description="How many of a category are asked, from its start; null for all"
    )
    max_drop: Share | None = key(
        0.05, description="Largest loss of passed probes against the base model, over all categories; null for any"
    )
    categories: dict[str, Share] = key(
        default_factory=dict, description="The same for one category, by the name of its file"
    )


class Judge(Block):
    """A chat model that compares two models' answers for `mlops judge`; signed in with Entra, no key is stored."""

    endpoint: str = key(
        pattern=JUDGE,
        description="https://NAME.openai.azure.com, or the name of an online endpoint of the workspace",
    )
    deployment: str = key("", description="Deployment of Azure OpenAI; empty for an endpoint of the workspace")
    api_version: str = key("2024-10-21", description="Version of Azure OpenAI's interface")
    rubric: str = key("judge/rubric.md", description="File with what makes an answer better")
    human: str | None = key(None, description="File of pairs that people labelled, to measure agreement with")
    conversations: Positive = key(50, description="Held-out conversations whose answers are compared, from the start")
    max_calls: Positive = key(300, description="Most calls of one command; more are refused before the first")
    max_answer_tokens: Positive = key(200, description="Length of an answer of the judge")
    response_format: Literal["json_schema", "json_object", "text"] = key(
        "json_schema", description="How the form is asked for; older models know json_object or text alone"
    )
    reasoning: bool = key(False, description="A reasoning model: no temperature, and max_completion_tokens")
    input_price: Price | None = key(None, description="Price of a million tokens that are sent")
    output_price: Price | None = key(None, description="Price of a million tokens that are answered")

    @property
    def azure_openai(self) -> bool:
        """Whether it is a resource of Azure OpenAI, and no endpoint of the workspace."""
        return self.endpoint.startswith("https://")

    @together
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

    enabled: bool = key(
        False, description="Score models after training, unless the training component does so by itself"
    )
    component: str = key("model_evaluation_pipeline", description="Evaluation component in the registry")
    component_version: str = key("0.0.36", description="Version of the component, or `latest`")
    metrics_component: str | None = key(
        None,
        description="Component that computes the metrics, where `component` predicts alone; null where it does both",
    )
    metrics_component_version: str = key("0.0.36", description="Version of that component, or `latest`")
    compute: str | None = key(None, description="Name of a cluster, or `serverless`; null for training.compute")
    instance_type: str | None = key(
        None, description="VM size where the compute is serverless; null for training.instance_type"
    )
    conversations: Positive = key(32, description="Conversations of the test split that are answered, from its start")
    max_new_tokens: Positive = key(64, description="Length of an answer")
    probes: Probes | None = key(None, description="Probe suites that candidate and base model answer; null for none")
    judge: Judge | None = key(None, description="A chat model that compares answers in `mlops judge`; null for none")
