"""A target file may name a file that describes its dialect."""

import json

import pytest
from drs_conformance.specification.location import schema_folder
from drs_conformance.target import TargetError

INVENTED = schema_folder("0.1") / "examples" / "valid" / "dialect" / "invented.json"


@pytest.fixture
def description():
    return json.loads(INVENTED.read_text("utf-8"))


@pytest.fixture
def load_with(tmp_path, document, load, description):
    def load_described():
        (tmp_path / "our-api.yaml").write_text(json.dumps(description, indent=1), "utf-8")
        document["dialect"] = {"file": "our-api.yaml"}
        return load()

    return load_described


def test_the_target_has_the_description(load_with, description):
    target = load_with()
    assert (target.dialect, target.description) == ("parlour", description)


def test_a_known_dialect_needs_none(load, document):
    document["dialect"] = "gemini_generate"
    assert (load().dialect, load().description) == ("gemini_generate", None)


def test_a_missing_file_is_told(load, document):
    document["dialect"] = {"file": "nowhere.yaml"}
    with pytest.raises(TargetError, match=r"nowhere\.yaml.*No such file.*name a dialect"):
        load()


def streamless(d):
    del d["stream"]


def unasked(d):
    del d["stream_path"]


def nameless(d):
    d["path"] = "/say"


def twice(d):
    d["request"]["seed"] = "/mood/heat"


def inside(d):
    d["request"]["seed"] = "/talk/turns/0/dice"


def inside_a_constant(d):
    d["request"]["seed"] = "/mood/kind/dice"


def misspelt(d):
    d["answer"]["texts"] = d["answer"].pop("text")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (streamless, "says how a stream is read"),
        (unasked, r" /stream.*to ask for one"),
        (nameless, r" /request.*\{model\} in the path"),
        (twice, r" /request/seed.*/mood/heat already"),
        (inside, r" /request/(seed|messages/at).*/talk/turns"),
        (inside_a_constant, r" /request/constants/0/at.*/mood/kind"),
        (misspelt, r" /answer.*text"),
    ],
)
def test_what_cannot_be_spoken_is_told_with_file_and_place(load_with, description, spoil, words):
    spoil(description)
    with pytest.raises(TargetError, match=words) as caught:
        load_with()
    assert "our-api.yaml" in str(caught.value)
