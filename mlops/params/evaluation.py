"""What `params.yaml` may say about scoring models on held-out conversations. It must not read a file."""

from pydantic import Field

from mlops.params.block import Block, Positive, Share


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


class Evaluation(Block):
    """A second pipeline job, in which candidate and champion answer the same held-out conversations."""

    enabled: bool = Field(
        False, description="Score models after training, unless the training component does so by itself"
    )
    component: str = Field("model_evaluation_pipeline", description="Evaluation component in the registry")
    component_version: str = Field("0.0.36", description="Version of the component, or `latest`")
    compute: str | None = Field(None, description="Name of a cluster, or `serverless`; null for training.compute")
    instance_type: str | None = Field(
        None, description="VM size where the compute is serverless; null for training.instance_type"
    )
    conversations: Positive = Field(32, description="Conversations of the test split that are answered, from its start")
    max_new_tokens: Positive = Field(64, description="Length of an answer")
    probes: Probes | None = Field(None, description="Probe suites that candidate and base model answer; null for none")
