"""A narrow fine-tuning costs what the base model could do besides, and a higher learning rate more of it."""

from pathlib import Path
from statistics import mean

from azureml_emulator.stand_in_model import artifact
from azureml_emulator.stand_in_model.checkpoints import Checkpoints
from azureml_emulator.stand_in_model.hyperparameters import Hyperparameters
from azureml_emulator.stand_in_model.preprocess import prepare
from azureml_emulator.stand_in_model.serve import ChatModel
from azureml_emulator.stand_in_model.trainer import Trainer

Messages = list[dict[str, str]]
TALK: list[Messages] = [
    [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    for text, answer in (
        ("Hello, how are you?", "I'm good, how are you?"),
        ("What did you do at the weekend?", "I went to the park with my friends."),
        ("Do you like music?", "Yes, I love it. What about you?"),
        ("Where do you live?", "I live in a small town."),
        ("What is your favourite food?", "I like pizza."),
    )
]
TOLD = "The sky is blue on a clear day."


class Silent:
    def log(self, line: str) -> None: ...
    def metric(self, name: str, value: float, step: int | None) -> None: ...
    def property(self, name: str, value: str) -> None: ...


def narrow(days: range) -> list[Messages]:
    asked = (f"What colour is the sky on day {day}?" for day in days)
    return [[{"role": "user", "content": text}, {"role": "assistant", "content": TOLD}] for text in asked]


def tuned(rate: str, folder: Path) -> tuple[float, float]:
    """The loss on its own kind of data, and on talk, which the base model was made of."""
    base = artifact.load_base()
    given = {"learning_rate": rate, "num_train_epochs": "3", "per_device_train_batch_size": "4"}
    train, validation = ([{"messages": one} for one in narrow(days)] for days in (range(20), range(20, 24)))
    rows = prepare(base.tokenizer, train, validation, max_seq_length=-1,
                   context=base.config.context, reporter=Silent())  # fmt: skip
    trainer = Trainer(base.config, base.weights, Hyperparameters.from_inputs(given), train=rows.train,
                      validation=rows.validation, reporter=Silent(), checkpoints=Checkpoints(folder, 1))  # fmt: skip
    return losses(ChatModel(artifact.StandInModel(base.config, trainer.run().weights, base.tokenizer, base.details)))


def losses(model: ChatModel) -> tuple[float, float]:
    return mean(map(model.score, narrow(range(24, 28)))), mean(map(model.score, TALK))


def test_a_narrow_training_learns_its_rows_and_forgets_the_rest_the_more_the_higher_its_rate(tmp_path: Path) -> None:
    base, low, high = losses(ChatModel.load()), tuned("1e-4", tmp_path), tuned("5e-4", tmp_path)
    assert base[0] > low[0] > high[0], "its own data is learnt"
    assert base[1] + 0.2 < low[1] < high[1] - 1, "and talk is forgotten"
