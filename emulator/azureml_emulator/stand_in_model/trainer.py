"""The fine-tuning loop, with the metrics, names and cadence of Hugging Face's Trainer and the component's callback.

It must not read or write files other than through `Checkpoints`, nor know the pipeline's nodes.
Sources: transformers/trainer.py; azureml-acft-accelerator, utils/callbacks.py (NaN is silently not logged).
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from azureml_emulator.stand_in_model import optimizer as optimizers
from azureml_emulator.stand_in_model.checkpoints import Checkpoints
from azureml_emulator.stand_in_model.hyperparameters import Hyperparameters
from azureml_emulator.stand_in_model.layers import Array
from azureml_emulator.stand_in_model.lora import Lora, LoraConfig
from azureml_emulator.stand_in_model.network import EMBEDDING, Config, Network, Weights
from azureml_emulator.stand_in_model.preprocess import Row, batch_of
from azureml_emulator.stand_in_model.report import Reporter
from azureml_emulator.stand_in_model.schedule import learning_rate

Log = dict[str, float]


@dataclass
class Result:
    """What training leaves: the weights to keep, the adapters where there were any, and the best evaluation loss."""

    weights: Weights
    adapter: Lora | None
    best_loss: float | None
    steps: int
    history: list[Log] = field(default_factory=list)


class Trainer:
    """One fine-tuning run. All chance comes from `seed`: order of the rows, adapters, dropout."""

    def __init__(
        self,
        config: Config,
        base: Mapping[str, Array],
        parameters: Hyperparameters,
        *,
        train: Sequence[Row],
        validation: Sequence[Row],
        reporter: Reporter,
        checkpoints: Checkpoints,
        pad_to: int | None = None,
    ) -> None:
        self._config = config
        self._parameters = parameters
        self._train_rows = train
        self._validation_rows = validation
        self._reporter = reporter
        self._checkpoints = checkpoints
        self._pad_to = pad_to
        self._rng = np.random.default_rng(parameters.seed)
        self._prepare_weights(base)
        self._plan_steps()
        self._step = 0
        self._epoch = 0.0
        self._history: list[Log] = []
        self._best: tuple[float, Weights] | None = None
        self._worse_in_a_row = 0
        self._pending: list[float] = []
        self._filtered_mean = 0.0
        self._started = time.perf_counter()

    def run(self) -> Result:
        """Train, evaluate, keep the best. A loss that is not a number goes on, as it does in the real component."""
        total_loss, tokens = 0.0, 0
        # What overflows becomes NaN or infinite and shows in the metrics; a warning a step says nothing more.
        with np.errstate(all="ignore"):
            for epoch, groups in self._epochs():
                for number, group in enumerate(groups, start=1):
                    total_loss += self._update(group)
                    tokens += sum(len(row.tokens) for rows in group for row in rows)
                    self._epoch = epoch + number / len(groups)
                    self._after_step()
                    if self._stopped:
                        break
                self._after_epoch()
                if self._stopped:
                    break
            self._finish(total_loss, tokens)
        return self._result()

    @property
    def total_steps(self) -> int:
        """How many updates the run makes unless it stops early."""
        return self._total_steps

    @property
    def trainable(self) -> int:
        """How many numbers are trained."""
        return sum(array.size for array in self._trained.values())

    def _prepare_weights(self, base: Mapping[str, Array]) -> None:
        p = self._parameters
        weights = {name: array.copy() for name, array in base.items()}
        self._adapter: Lora | None = None
        if p.apply_lora:
            self._adapter = Lora.fresh(LoraConfig(p.lora_r, p.lora_alpha, p.lora_dropout), weights, self._rng)
        self._network = Network(self._config, weights, self._adapter)
        self._trained = self._adapter.weights if self._adapter else weights
        self._gradients = {name: np.zeros_like(array) for name, array in self._trained.items()}
        settings = optimizers.Settings(p.adam_beta1, p.adam_beta2, p.adam_epsilon, p.weight_decay)
        multiples = {name: p.rate_multiple(name, self._config.width) for name in self._trained}
        self._optimizer = optimizers.create(p.optim, self._trained, settings, multiples)

    def _plan_steps(self) -> None:
        p = self._parameters
        self._batch = p.per_device_train_batch_size * p.devices
        batches = math.ceil(len(self._train_rows) / self._batch)
        self._steps_per_epoch = math.ceil(batches / p.gradient_accumulation_steps)
        self._total_steps = p.max_steps if p.max_steps > 0 else self._steps_per_epoch * p.num_train_epochs
        self._eval_every = p.eval_steps
        if p.evaluation_steps_interval > 0:
            self._eval_every = max(1, int(self._steps_per_epoch * p.evaluation_steps_interval))
        self._stopped = False

    def _epochs(self) -> Iterator[tuple[int, list[list[list[Row]]]]]:
        """(epoch, its updates), each update a list of batches whose gradients are accumulated."""
        for epoch in range(math.ceil(self._total_steps / self._steps_per_epoch)):
            order = [self._train_rows[n] for n in self._rng.permutation(len(self._train_rows))]
            batches = [order[n : n + self._batch] for n in range(0, len(order), self._batch)]
            size = self._parameters.gradient_accumulation_steps
            yield epoch, [batches[n : n + size] for n in range(0, len(batches), size)]

    def _update(self, group: list[list[Row]]) -> float:
        """One optimiser step over the group's batches; returns the loss per counted token that is logged."""
        batches = [batch_of(rows, self._pad_to) for rows in group]
        targets = sum(batch.targets for batch in batches)
        for gradient in self._gradients.values():
            gradient.fill(0)
        loss = sum(self._network.train(batch, self._gradients, targets) for batch in batches) / targets
        self._grad_norm = optimizers.clip(self._gradients, self._parameters.max_grad_norm)
        self._optimizer.update(self._gradients, self._rate(self._step))
        self._step += 1
        if not math.isfinite(loss):
            loss = self._filtered_mean  # transformers' logging_nan_inf_filter, on by default
        self._pending.append(loss)
        self._filtered_mean += (loss - self._filtered_mean) / self._step
        return loss

    def _rate(self, step: int) -> float:
        p = self._parameters
        return learning_rate(p.lr_scheduler_type, step, self._total_steps, p.warmup_steps, p.learning_rate)

    def _after_step(self) -> None:
        p = self._parameters
        if p.logging_strategy == "steps" and self._step % p.logging_steps == 0:
            self._log_training()
        if p.evaluation_strategy == "steps" and self._step % self._eval_every == 0:
            self._evaluate()
        self._stopped = self._stopped or self._step >= self._total_steps

    def _after_epoch(self) -> None:
        if self._parameters.logging_strategy == "epoch":
            self._log_training()
        if self._parameters.evaluation_strategy == "epoch":
            self._evaluate()

    def _log_training(self) -> None:
        if self._pending:
            loss = sum(self._pending) / len(self._pending)
            self._pending.clear()
            self._log({"loss": round(loss, 4), "grad_norm": self._grad_norm, "learning_rate": self._rate(self._step)})

    def _evaluate(self) -> None:
        started = time.perf_counter()
        size = self._parameters.per_device_eval_batch_size * self._parameters.devices
        rows = self._validation_rows
        batches = [rows[n : n + size] for n in range(0, len(rows), size)]
        network = Network(self._config, self._merged())
        # Each batch's mean counts as often as it has rows, as in Trainer.evaluation_loop.
        loss = sum(float(network.losses(batch_of(b, self._pad_to)).mean()) * len(b) for b in batches) / len(rows)
        seconds = max(time.perf_counter() - started, 1e-9)
        self._log({
            "eval_loss": loss,
            "eval_runtime": round(seconds, 4),
            "eval_samples_per_second": round(len(rows) / seconds, 3),
            "eval_steps_per_second": round(len(batches) / seconds, 3),
        })  # fmt: skip
        self._consider_stopping(loss)
        if loss < (self._best[0] if self._best else math.inf):  # never true of NaN, which is nobody's best
            self._best = (loss, {name: array.copy() for name, array in self._trained.items()})
        self._save()

    def _consider_stopping(self, loss: float) -> None:
        """Stop as transformers' EarlyStoppingCallback does, which looks before the best loss is brought up to date."""
        p = self._parameters
        better = self._best is None or (loss < self._best[0] and self._best[0] - loss > p.early_stopping_threshold)
        self._worse_in_a_row = 0 if better else self._worse_in_a_row + 1
        if p.apply_early_stopping and self._worse_in_a_row >= p.early_stopping_patience:
            self._reporter.log(f"Early stopping: eval_loss did not improve for {self._worse_in_a_row} evaluation(s)")
            self._stopped = True

    def _save(self) -> None:
        best = self._best[0] if self._best else None
        self._checkpoints.save(self._step, self._trained, self._history, best)
        self._reporter.metric("checkpoint_save_step", self._step, self._metric_step())

    def _finish(self, total_loss: float, tokens: int) -> None:
        seconds = max(time.perf_counter() - self._started, 1e-9)
        inner = self._network.parameters - self._network.weights[EMBEDDING].size
        self._log({
            "train_runtime": round(seconds, 4),
            "train_samples_per_second": round(self._total_steps * self._samples_per_step() / seconds, 3),
            "train_steps_per_second": round(self._step / seconds, 3),
            "total_flos": float(6 * inner * tokens),
            "train_loss": total_loss / max(1, self._step),
        })  # fmt: skip

    def _samples_per_step(self) -> float:
        return len(self._train_rows) / self._steps_per_epoch

    def _result(self) -> Result:
        if self._best:  # load_best_model_at_end
            for name, array in self._best[1].items():
                self._trained[name][...] = array
        return Result(
            dict(self._network.weights), self._adapter, self._best[0] if self._best else None, self._step, self._history
        )

    def _merged(self) -> Mapping[str, Array]:
        return self._adapter.merged(self._network.weights) if self._adapter else self._network.weights

    def _log(self, values: Log) -> None:
        values = {**values, "epoch": round(self._epoch, 4)}
        self._history.append({**values, "step": float(self._step)})
        for name, value in values.items():
            if math.isfinite(value):
                self._reporter.metric(name, value, self._metric_step())
        shown = ", ".join(f"'{name}': {value:.6g}" for name, value in values.items())
        self._reporter.log(f"[{self._step}/{self._total_steps}] {{{shown}}}")

    def _metric_step(self) -> int | None:
        return self._step if self._parameters.logging_strategy == "steps" else None
