"""The offline command: claims, exit statuses that scripts rely on, and what is refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from drs_reference.cli import main
from drs_reference.gateway.sampling import Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.model.decoding import SHIPPED_WEIGHTS
from drs_reference.perturbation.configured import KEY
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelWatermark
from drs_reference.perturbation.provenance import recognise
from drs_reference.provenance import command
from drs_reference.provenance.command import answers_of, at_most
from drs_reference.provenance.marks import in_probabilities
from drs_reference.storage.sqlite import SqliteStorage

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "schemas/0.1/examples/valid/perturbation-parameters/green-list-watermark.json"
SECRET = b"a root key of 24 bytes.."
GUMBEL = {"context_tokens": 4, "mask_repeated_contexts": True, "key_scope": "tenant"}
Lines = Sequence[tuple[Sequence[tuple[str, str]], str]]
Write = Callable[..., str]


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel.load()


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "key.hex"
    path.write_text(SECRET.hex() + "\n")
    return str(path)


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[[Lines], str]:
    def written(samples: Lines) -> str:
        path = tmp_path / "corpus.jsonl"
        lines = [
            {"messages": [{"role": r, "content": c} for r, c in messages], "answer": answer}
            for messages, answer in samples
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(path)

    return written


@pytest.fixture
def document(tmp_path: Path) -> Callable[[str, Any], str]:
    def written(mechanism: str, parameters: Any) -> str:
        path = tmp_path / "parameters.json"
        made = json.loads(EXAMPLE.read_text("utf-8"))
        # Its time is over, and answers from then are recognised still.
        made |= {"mechanism": mechanism, "parameters": parameters}
        made |= {"valid_from": "2025-01-01T00:00:00Z", "valid_until": "2025-02-01T00:00:00Z"}
        path.write_text(json.dumps(made))
        return str(path)

    return written


def marked(model: LanguageModel, account: str, count: int) -> Lines:
    mark = GumbelWatermark(SECRET)
    found = []
    for number, (messages, _) in enumerate(answers_of(model, count)):
        sampling = Sampling(max_tokens=64, seed=number)
        draw = mark.answering(messages, sampling, account).draw
        emissions = Generation(model, messages, sampling, draw=draw).emissions()
        found.append((messages, "".join(part.text for part in emissions)))
    return found


def test_the_account_that_a_corpus_comes_from_is_named_and_no_other(
    model: LanguageModel,
    corpus: Callable[[Lines], str],
    key: str,
    document: Callable[[str, Any], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [
        *("provenance", corpus(marked(model, "a-7", 40)), "--key", key),
        *("--perturbation", document("gumbel-watermark", GUMBEL)),
    ]
    strangers = ("--account", "a-8", "--cluster", "a-7")
    assert main([*given, *strangers, "--account", "a-7"]) == 10
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("recognised, p <= ")
    assert first.endswith(", for account a-7")
    assert any("exact bound" in line for line in rest)
    assert rest[-1].startswith("assumes that the corpus was made and picked without the key")
    assert main([*given, *strangers]) == 0
    assert capsys.readouterr().out.startswith("not recognised, p <= ")
    values = []
    for accounts in (("a-7",), ("a-7", "a-8", "a-9", "a-8")):
        asked = [option for name in accounts for option in ("--account", name)]
        assert main([*given, *asked, "--json"]) == 10
        values.append(json.loads(capsys.readouterr().out))
    assert values[1]["p_value"] == pytest.approx(3 * values[0]["p_value"])
    assert [one["keys_in_question"] for one in values] == [1, 3]
    assert values[0]["recognised_for"] == ["account a-7"]


def test_offline_finds_what_the_hook_finds(
    model: LanguageModel,
    corpus: Callable[[Lines], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The key comes out of the storage of the server."""
    path = tmp_path / "storage.sqlite"
    with closing(SqliteStorage(path)) as storage:
        storage.secret(KEY, lambda: SECRET)
    samples = answers_of(model, 20)
    given = ("provenance", corpus(samples), "--storage", f"sqlite:///{path}", "--json")
    assert main(given) == 0
    found = json.loads(capsys.readouterr().out)
    expected = recognise(model, GreenListWatermark(SECRET), samples)
    assert found["p_value"] == pytest.approx(expected.p_value)
    assert (found["threshold"], found["recognised"]) == (1e-3, False)
    text = (tmp_path / "corpus.jsonl").read_bytes()
    assert found["sha256"] == hashlib.sha256(text).hexdigest()
    assert (found["samples"], found["samples_used"]) == (20, expected.samples_used)


def test_a_storage_without_a_key_stays_without_one(
    corpus: Callable[[Lines], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, path = corpus([([], "Some text.")]), tmp_path / "storage.sqlite"
    given = ("provenance", text, "--storage", f"sqlite:///{path}")
    assert main(given) == 2
    assert "there is no storage" in capsys.readouterr().err
    assert not path.exists()
    SqliteStorage(path).close()
    for _ in range(2):
        assert main(given) == 2
        assert "holds no key of a mechanism" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "the line must be JSON"),
        (b"[1]", "the line must be a JSON object, not an array of 1"),
        (b'{"answer": 3}', "answer must be a string that is not empty; got the number 3"),
        (b'{"messages": []}', "answer must be a string that is not empty; got nothing"),
        (b'{"answer": "x", "prompt": "y"}', "'prompt' is no member of a line"),
        (b'{"answer": "x", "messages": [{"role": "boss"}]}', "messages[0].role must be one of"),
        (b'{"answer": "\xff"}', "the line must be UTF-8"),
    ],
)
def test_a_bad_line_is_refused_where_it_stands(
    line: bytes, said: str, tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(b'{"answer": "Good."}\n' + line + b'\n{"answer": "Good."}\n')
    assert main(["provenance", str(path), "--key", key]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"drs-reference: {path}:2: ")
    assert said in error
    assert error.endswith("; expected {messages: [{role, content}], answer} or {answer}\n")


def test_a_key_that_is_none_is_refused_and_not_shown(
    corpus: Callable[[Lines], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key.hex"
    for text in ("abcdef", "no hexadecimal digits, though long enough"):
        path.write_text(text)
        assert main(["provenance", corpus([([], "Text.")]), "--key", str(path)]) == 2
        error = capsys.readouterr().err
        assert "expected a key of at least 32 hexadecimal digits" in error
        assert text not in error


def test_accounts_are_named_where_keys_are_narrow_and_only_there(
    corpus: Callable[[Lines], str],
    key: str,
    document: Callable[[str, Any], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["provenance", corpus([([], "Text.")]), "--key", key]
    assert main([*given, "--account", "a-7"]) == 2
    assert "got 'a-7'" in capsys.readouterr().err
    narrow = [*given, "--perturbation", document("gumbel-watermark", GUMBEL)]
    assert main(narrow) == 2
    assert "keys of scope tenant: name the accounts" in capsys.readouterr().err
    bucketed = {"buckets": 16, "visits": 16, "key_scope": "cluster"}
    assert main([*given, "--perturbation", document("bucketed-sampling", bucketed)]) == 2
    assert "must be one that leaves a mark" in capsys.readouterr().err


@pytest.mark.parametrize("threshold", ["0", "0.002", "nan", "often"])
def test_no_claim_is_made_at_a_higher_rate_than_the_standard_allows(threshold: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["provenance", "c.jsonl", "--key", "k", "--threshold", threshold])
    assert ended.value.code == 2


def test_a_teacher_owes_nothing_to_its_key(
    key: str,
    document: Callable[[str, Any], str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "ANSWERS", 20)
    given = ["provenance", "--student", str(SHIPPED_WEIGHTS), "--key", key]
    for looked in ((), ("--outputs",)):
        assert main([*given, *looked]) == 0
        assert "assumes that the student was made" in capsys.readouterr().out
    chosen = document("best-of-n-selection", {"candidates": 2, "key_scope": "tenant"})
    of_texts = [*given, "--perturbation", chosen, "--account", "a-7"]
    assert main([*of_texts, "--outputs"]) == 0
    capsys.readouterr()
    assert main(of_texts) == 2
    assert "look at the student with --outputs" in capsys.readouterr().err


def test_a_student_is_recognised_by_the_key_that_it_learnt_from(
    model: LanguageModel, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="torch is not installed: no student is looked at")
    from drs_reference.efficacy.corpus import Response
    from drs_reference.efficacy.student import Recipe, train_student
    from drs_reference.model.language import Sample
    from drs_reference.model.templates import fixed
    from drs_reference.model.weights import save_weights

    learnt = [
        Response(Sample("story", tuple(messages), text, fixed(text)), text)
        for messages, text in marked(model, "a-7", 200)
    ]
    student = train_student(SHIPPED_WEIGHTS, learnt, Recipe(epochs=4, batch=16), 0)
    save_weights(tmp_path / "student.npz", student.metadata, student.network.arrays)
    again = LanguageModel.load(tmp_path / "student.npz")
    mark = GumbelWatermark(SECRET)
    found = in_probabilities(model, again, mark)
    assert found.p_value(mark.scoped_key("a-7")) < 1e-3
    values = [found.p_value(mark.scoped_key(f"b-{number}")) for number in range(50)]
    assert min(values) > 1e-3


def test_p_values_are_rounded_up() -> None:
    for value, said in ((0.001, "0.001"), (2.1e-9, "3e-09"), (0.97, "1"), (0.0, "1e-300")):
        assert at_most(value) == said


def test_the_benchmark_makes_no_wrong_claims(tmp_path: Path) -> None:
    table = tmp_path / "provenance.json"
    benchmark = ROOT / "reference_impl" / "benchmarks" / "provenance.py"
    done = subprocess.run(
        [sys.executable, benchmark, "--quick", "--table", table],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(table.read_text("utf-8"))
    assert {row["trials"] for row in found["clean"].values()} == {160}
    assert found["own"]["gumbel-watermark"]["60"]["recognised"]["1e-06"] == 1
