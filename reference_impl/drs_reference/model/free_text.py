"""The part of the language with entropy: stories, explanations and small talk.

Small talk is also what the model says to prompts outside its language, so its prompts contain
every kind of noise; each answer is drawn from a template that the prompt hardly changes.
"""

from __future__ import annotations

import string
from random import Random

from drs_reference.model.templates import Template, words

SUBJECTS = words("fox hen bear cat dog wolf robot king girl boy dragon sailor farmer horse")
TOPICS = words("rain wind music sleep light water fire salt bread paper gold time money language")

_CHARACTER = words("brave small wise clever quiet happy lonely kind young tired")
_PLACE = words("forest river city mountain village desert lake garden")
_FOUND = words("map key letter lamp stone song door boat coin mirror")
_KIND = words("golden broken strange silver hidden warm blue tiny")
_DEED = (
    "shared it with a friend",
    "took it home",
    "gave it to the king",
    "threw it into the sea",
    "kept it for years",
    "sold it for bread",
)
_END = (
    "and everyone was happy.",
    "and nobody ever knew why.",
    "and the night was quiet again.",
    "and a new day began.",
    "and that was enough.",
)

_WHY = words("useful common simple strange important old beautiful complex")
_CAUSE = words("energy labour nature pressure heat work memory balance")
_EFFECT = words("change order life growth trade peace motion comfort")
_VERB = words("moves brings needs makes keeps follows")
_HEDGE = ("In short", "In practice", "Over time", "As a rule", "For most people")
_ADVICE = words("watch measure use respect study share")

_OPEN = (
    "Good question.",
    "Thank you for asking.",
    "Let me think.",
    "That is a long story.",
    "I am not sure.",
    "Here is a short answer.",
)
_THING = words("plan idea answer detail number reason method example")
_QUALITY = words("clear simple small good open strong useful honest")
_TIP = words("read write ask test wait try compare check")

_GREETINGS = ("Hello!", "Hi, how are you?", "Good morning.", "Thank you!", "What can you do?")


def story(rng: Random) -> tuple[str, Template]:
    """A prompt that asks for a story and the template of its answers (12.2 nats)."""
    subject = rng.choice(SUBJECTS)
    prompt = rng.choice(
        ("Tell me a story about a {}.", "Write a short story about a {}.", "A story about a {}?")
    ).format(subject)
    return prompt, Template(
        (
            "Once a ",
            _CHARACTER,
            f" {subject} lived near the ",
            _PLACE,
            ". One day the ",
            f"{subject} found a ",
            _KIND,
            " ",
            _FOUND,
            " and ",
            _DEED,
            ". In the end it was a good day, ",
            _END,
        )
    )


def explanation(rng: Random) -> tuple[str, Template]:
    """A prompt that asks for an explanation and the template of its answers (13.5 nats)."""
    topic = rng.choice(TOPICS)
    prompt = rng.choice(
        ("Explain {}.", "What is {}?", "Why is {} important?", "Explain how {} works.")
    ).format(topic)
    return prompt, Template(
        (
            f"{topic.capitalize()} is ",
            _WHY,
            " because ",
            _CAUSE,
            " ",
            _VERB,
            " ",
            _EFFECT,
            ". ",
            _HEDGE,
            ", it is best to ",
            _ADVICE,
            f" {topic} and to look for ",
            _QUALITY,
            " signs.",
        )
    )


def small_talk(rng: Random) -> tuple[str, Template]:
    """A prompt of any kind and the template of answers to it (11.0 nats)."""
    return noise(rng), Template(
        (
            _OPEN,
            " The best ",
            _THING,
            " is ",
            _QUALITY,
            ", so ",
            _TIP,
            " first and ",
            ("then", "later", "always", "never"),
            " ",
            ("decide", "change it", "act", "tell a friend", "go on"),
            ".",
        )
    )


def noise(rng: Random) -> str:
    """A text outside the language: a greeting, random characters or half-known words."""
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(_GREETINGS)
    if kind < 0.4:
        alphabet = rng.choice(
            (string.printable[:95], string.ascii_lowercase + "   ", "0123456789 ")
        )
        return "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 60)))
    starts = ("How do I", "Please", "Can you", "Write", "Give me", "List", "Why", "If", "Is it", "")
    said = [rng.choice(starts)]
    for _ in range(rng.randrange(2, 14)):
        said.append(pseudo_word(rng) if rng.random() < 0.6 else rng.choice(_KNOWN))
    return " ".join(said).strip() + rng.choice(("?", ".", ""))


_KNOWN = (
    *words("the a of and to in is it that for with on as are be this my you do can from what"),
    *SUBJECTS,
    *_THING,
    *_FOUND,
)


def pseudo_word(rng: Random) -> str:
    """Two to four syllables, now and then with a capital, so that most English looks familiar."""
    syllables = (
        rng.choice("bcdfghjklmnprstvwy")
        + rng.choice("aeiouaeiou")
        + rng.choice(("", "n", "r", "s"))
        for _ in range(rng.randrange(1, 4))
    )
    word = "".join(syllables)
    return word.capitalize() if rng.random() < 0.1 else word
