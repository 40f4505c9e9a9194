"""Which language a short answer is in, told by its script or by the commonest function words of a language."""

import re
import unicodedata
from collections import Counter

LEAST_WORDS = 2  # function words that must be met
SCRIPTS = {
    "ar": ("ARABIC",),
    "el": ("GREEK",),
    "he": ("HEBREW",),
    "hi": ("DEVANAGARI",),
    "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    "ko": ("HANGUL",),
    "ru": ("CYRILLIC",),
    "zh": ("CJK",),
}
WORDS = {
    "de": "der die das und ist ein eine in zu den von mit nicht auf für dem es im ich sie wir sind auch wird man als",
    "en": "the and is a an of to in that it for on with are be this as at by from you we they have has can most",
    "es": "el la los las y es un una de en que no se por con para su al del lo como más está son muy todo hay",
    "fr": "le la les et est un une de des du en que ne pas pour dans qui sur il elle au aux ce sont avec nous très",
    "it": "il lo la i gli le e è un una di in che non per con del della si sono al da nel più anche molto come",
    "nl": "de het een en is van in op dat niet te zijn met voor aan er ook als maar om bij uit naar deze wordt veel",
    "pt": "o a os as e é um uma de em que não se por com para do da no na mais são ao dos muito como está",
}
KNOWN = (*SCRIPTS, *WORDS)
_SETS = {language: frozenset(words.split()) for language, words in WORDS.items()}


def is_in(language: str, text: str) -> bool:
    """Whether a text is in this language, by more signs than in any other."""
    if language in SCRIPTS:
        return _by_script(language, text)
    words = re.findall(r"[^\W\d_]+", text.lower())
    met = {name: sum(word in common for word in words) for name, common in _SETS.items()}
    mine = met.pop(language)
    return mine >= LEAST_WORDS and mine >= max(met.values())


def _by_script(language: str, text: str) -> bool:
    names = Counter(unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha())
    total = names.total()
    if language == "zh" and names["HIRAGANA"] + names["KATAKANA"]:
        return False
    if language == "ja" and not names["HIRAGANA"] + names["KATAKANA"]:
        return False
    return bool(total) and sum(names[script] for script in SCRIPTS[language]) > total / 2
