"""The predictor of the MLflow image: which requests it refuses, in its own words, and the form of its answer.

It must not generate. Held to what azureml-evaluate-mlflow and transformers answer: tests/parity/expectations.
"""

from collections.abc import Mapping, Sequence
from typing import Any

# Fields of transformers.GenerationConfig that 4.48.0 and 5.3.0 both have, and what the predictor renames to one.
_NAMES = """
    assistant_confidence_threshold assistant_early_exit assistant_lookbehind bad_words_ids begin_suppress_tokens
    bos_token_id cache_config cache_implementation constraints decoder_start_token_id diversity_penalty do_sample
    dola_layers early_stopping encoder_no_repeat_ngram_size encoder_repetition_penalty eos_token_id epsilon_cutoff
    eta_cutoff exponential_decay_length_penalty force_words_ids forced_bos_token_id forced_eos_token_id guidance_scale
    is_assistant length_penalty low_memory max_length max_matching_ngram_size max_new_tokens max_time min_length
    min_new_tokens min_p no_repeat_ngram_size num_assistant_tokens num_assistant_tokens_schedule num_beam_groups
    num_beams num_return_sequences output_attentions output_hidden_states output_logits output_scores pad_token_id
    penalty_alpha prompt_lookup_num_tokens remove_invalid_values renormalize_logits repetition_penalty
    return_dict_in_generate sequence_bias stop_strings suppress_tokens target_lookbehind temperature token_healing
    top_k top_p typical_p use_cache watermarking_config
    max_gen_len
"""
KNOWN = frozenset(_NAMES.split())
RETURN_FULL_TEXT = "return_full_text"  # the pipeline's own; false makes its answer a text, which the predictor indexes
LAST, TURN = "Last role should be 'user'", "Invalid turn. Expected {} input"
SYSTEM = "System prompts can only be set at the start of the conversation"


class PredictionError(ValueError):
    """What the predictor raises; its text is the real one's."""


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse what `generate` refuses. Raises PredictionError."""
    unknown = [name for name in parameters if name not in KNOWN and name != RETURN_FULL_TEXT]
    if unknown:
        note = "(note: typos in the generate arguments will also show up in this list)"
        raise PredictionError(f"The following `model_kwargs` are not used by the model: {unknown} {note}")
    limit = parameters.get("max_gen_len", parameters.get("max_new_tokens"))
    if limit is not None and not isinstance(limit, int | float):
        raise PredictionError(f"'<=' not supported between instances of '{type(limit).__name__}' and 'int'")
    if limit is not None and limit <= 0:
        raise PredictionError(f"`max_new_tokens` must be greater than 0, but is {limit}.")
    _check_temperature(parameters)
    if parameters.get(RETURN_FULL_TEXT) is False:
        raise PredictionError("string indices must be integers, not 'str'")


def check_messages(messages: Sequence[Any]) -> None:
    """Refuse turns out of order: they alternate, the last is the user's. Raises PredictionError."""
    roles = [message.get("role") if isinstance(message, Mapping) else None for message in messages]
    if not roles:
        raise PredictionError("Conversation is empty")
    if roles[-1] != "user":
        raise PredictionError(LAST)
    expected = "system" if roles[0] == "system" else "user"
    for role in roles:
        if role in ("system", "user", "assistant") and role != expected:
            raise PredictionError(SYSTEM if role == "system" else TURN.format(role))
        expected = "assistant" if role == "user" else "user"


def conversations(given: Sequence[Any]) -> list[Sequence[Any]]:
    """The conversations of a request's `input_string`: a list of turns is one. Raises PredictionError."""
    if not given:
        raise PredictionError("Expected at least one data point. Found 0.")
    return [given] if isinstance(given[0], Mapping) else list(given)


def answer(given: Sequence[Any], texts: Sequence[str]) -> list[Any]:
    """The answers as the image writes them: a table where it has as many rows as the question, else the bare texts."""
    return [{"0": text} for text in texts] if len(given) == len(texts) else list(texts)


def _check_temperature(parameters: Mapping[str, Any]) -> None:
    value = parameters.get("temperature")
    if value is None or not parameters.get("do_sample"):
        return
    if isinstance(value, int | float) and value > 0:
        return
    text = f"`temperature` (={value}) has to be a strictly positive float, otherwise your next token scores will be"
    hint = " If you're looking for greedy decoding strategies, set `do_sample=False`." if value == 0 else ""
    raise PredictionError(f"{text} invalid.{hint}")
