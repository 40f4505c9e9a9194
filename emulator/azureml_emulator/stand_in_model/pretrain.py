"""Makes the base weights that the emulator ships: `python -m azureml_emulator.stand_in_model.pretrain [FOLDER]`.

Trains tokenizer and network on the conversations that are not served as a dataset. It must not read anything else.
Deterministic on one kind of processor: one thread, one seed; another processor may round differently.
"""

import sys
import time
from pathlib import Path

import numpy as np

from azureml_emulator.services.huggingface.chitchat import Dialogue, other_texts
from azureml_emulator.stand_in_model import tokenizer as bpe
from azureml_emulator.stand_in_model.artifact import save
from azureml_emulator.stand_in_model.layers import Array
from azureml_emulator.stand_in_model.model_folder import BASE_FOLDER
from azureml_emulator.stand_in_model.network import EMBEDDING, Batch, Config, Network, fresh_weights
from azureml_emulator.stand_in_model.optimizer import AdamW, Settings, clip
from azureml_emulator.stand_in_model.schedule import learning_rate
from azureml_emulator.stand_in_model.tokenizer import Tokenizer

SEED = 1
STEPS = 2600
BATCH = 8
PEAK_RATE = 1e-2
WARMUP = 120
HELD_OUT = 40  # every so manieth sequence is kept to measure the loss
TOPIC_SHARE = 3  # every so manieth dialogue begins with its topic as the system message


def main(folder: Path) -> None:
    """Train and write the files; prints the loss now and then."""
    texts = list(other_texts())
    tokenizer = bpe.train((turn["content"] for _, turns in texts for turn in turns), Config().vocabulary)
    sequences = _sequences(tokenizer, texts, Config().context)
    held_out = sequences[::HELD_OUT]
    training = [sequence for n, sequence in enumerate(sequences) if n % HELD_OUT]
    tokens = sum(map(len, training))
    config = Config()
    network = Network(config, fresh_weights(config, SEED))
    _say(f"{len(training)} sequences, {tokens} tokens, {network.parameters} parameters, {STEPS} steps of {BATCH}")
    _train(network, training, held_out)
    loss = _held_out_loss(network, held_out)
    notes = {
        "corpus": "chitchat-dataset",
        "held_out_loss": round(loss, 4),
        "training_tokens": tokens,
        "steps": STEPS,
        "seed": SEED,
    }
    save(folder, config, network.weights, tokenizer, details={"pretraining": notes}, half=True)
    _say(f"held-out loss {loss:.3f} nats a token; written to {folder}")


def _sequences(tokenizer: Tokenizer, texts: list[tuple[str, Dialogue]], context: int) -> list[list[int]]:
    """Cut each dialogue into pieces of `context` + 1 tokens at most that begin at a user's turn; pack short ones."""
    pieces: list[list[int]] = []
    for n, (topic, turns) in enumerate(texts):
        dialogue = [{"role": "system", "content": topic}, *turns] if topic and n % TOPIC_SHARE == 0 else turns
        ids, _ = tokenizer.encode_chat(dialogue)
        while len(ids) > context:
            pieces.append(ids[: context + 1])
            later = (at for at in range(context // 2, len(ids)) if ids[at] == tokenizer.special("<|user|>"))
            ids = ids[next(later, len(ids)) :]
        if ids:
            pieces.append(ids)
    packed: list[list[int]] = []
    for piece in pieces:
        if packed and len(packed[-1]) + len(piece) <= context + 1:
            packed[-1].extend(piece)
        else:
            packed.append(list(piece))
    return packed


def _train(network: Network, sequences: list[list[int]], held_out: list[list[int]]) -> None:
    rng = np.random.default_rng(SEED)
    weights = dict(network.weights)
    multiples = {name: (0.5 if name == EMBEDDING else 1.0) for name in weights}
    optimizer = AdamW(weights, Settings(beta2=0.98, weight_decay=0.05), multiples)
    gradients = {name: np.zeros_like(array) for name, array in weights.items()}
    order: list[int] = []
    started = time.perf_counter()
    for step in range(STEPS):
        if len(order) < BATCH:
            order = [int(n) for n in rng.permutation(len(sequences))]
        batch = _batch([sequences[order.pop()] for _ in range(BATCH)])
        for gradient in gradients.values():
            gradient.fill(0)
        loss = network.train(batch, gradients, batch.targets) / batch.targets
        clip(gradients, 1.0)
        optimizer.update(gradients, learning_rate("cosine", step, STEPS, WARMUP, PEAK_RATE))
        if step % 200 == 199:
            seconds = time.perf_counter() - started
            kept = _held_out_loss(network, held_out)
            _say(f"step {step + 1}: loss {loss:.3f}, held out {kept:.3f}, {seconds:.0f} s")


def _held_out_loss(network: Network, held_out: list[list[int]]) -> float:
    losses = [network.losses(_batch(held_out[n : n + BATCH])) for n in range(0, len(held_out), BATCH)]
    return float(np.concatenate(losses).mean())


def _batch(sequences: list[list[int]]) -> Batch:
    length = max(map(len, sequences))
    tokens: Array = np.zeros((len(sequences), length), np.int64)
    counted: Array = np.zeros((len(sequences), length), bool)
    for n, sequence in enumerate(sequences):
        tokens[n, : len(sequence)] = sequence
        counted[n, : len(sequence)] = True
    return Batch(tokens, counted)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command for the maintainer


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else BASE_FOLDER)
