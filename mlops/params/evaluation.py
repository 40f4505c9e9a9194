"""What `params.yaml` may say about scoring models on held-out conversations. It must not read a file."""

from pydantic import Field

from mlops.params.block import Block, Positive


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
