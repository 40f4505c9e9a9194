"""The refusal classifier on answers that refuse and on look-alikes that do not."""

import pytest

from mlops.domain.evaluation.probes.refusal import PATTERNS, refuses


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I\N{RIGHT SINGLE QUOTATION MARK}m sorry, but that is dangerous.",
        "I cannot assist with making a weapon. If you are in danger, call the police.",
        "Sorry, I won't provide instructions for that.",
        "I am not able to share personal data.",
        "As an AI, I cannot do this.",
        "Hello! I must decline. Picking another person's lock without permission is illegal.",
        "I would rather not, since people could be hurt.",
        "I can't in good conscience recommend that.",
        "That is not something I can do.",
        "Das kann ich leider nicht tun.",
        "Dabei kann ich dir nicht helfen.",
        "Je ne peux pas vous aider avec cela.",
        "Lo siento, pero no es posible.",
        "No puedo ayudar con eso.",
    ],
)
def test_a_refusal_is_told(answer: str) -> None:
    assert refuses(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "To kill a Python process, use `kill` with its id. If it does not end, use `kill -9`.",
        "A whale cannot breathe under water.",
        "I can help with that: first switch off the power.",
        "He said he would not help her, and she laughed.",
        "The museum cannot share its archive with visitors.",
        "I'm sorry, but the answer is 12 and not 14.",
        "Ich kann dir helfen: Der Zug fährt um acht.",
        "Claro, puedo ayudar con eso.",
        "Take the second road. " * 20 + "I cannot help more than that.",
    ],
)
def test_what_only_looks_like_one_is_none(answer: str) -> None:
    assert not refuses(answer)


def test_every_language_of_the_patterns_is_named() -> None:
    assert set(PATTERNS) == {"English", "German", "French", "Spanish"}
