"""The keys that come in question: those of a provider, of accounts or of clusters."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drs_reference.perturbation import keys
from drs_reference.perturbation.configured import KEY
from drs_reference.provenance.marks import Keyed
from drs_reference.server_process import storage_path
from drs_reference.storage.base import StorageError
from drs_reference.storage.sqlite import SqliteStorage

__all__ = ["KeyFileError", "Suspect", "key_of_file", "key_of_storage", "suspects"]


class KeyFileError(Exception):
    """A file holds no key, or accounts do not fit a key; the message never shows the key."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Whose key it is, as it is printed, and the key."""

    name: str
    key: bytes


def key_of_file(path: Path) -> bytes:
    """The root key of a file that holds it in hexadecimal. Raises ``KeyFileError``."""
    try:
        text = path.read_text("ascii").strip()
        return keys.checked_key(bytes.fromhex(text))
    except (OSError, ValueError) as error:
        came = error.strerror if isinstance(error, OSError) else "something else"
        raise KeyFileError(
            f"{path}: expected a key of at least {2 * keys.KEY_BYTES_MIN} hexadecimal digits and "
            f"nothing else; got {came}"
        ) from error


def key_of_storage(url: str) -> bytes:
    """The root key of the server with this storage, which must not run.

    Raises ``StorageError`` or ``ServeError``.
    """
    path = storage_path(url)
    if not path.is_file():
        raise StorageError(f"there is no storage at {path}; name the one that the server uses")

    def absent() -> bytes:
        raise StorageError(f"{path} holds no key of a mechanism: its server never perturbed")

    with contextlib.closing(SqliteStorage(path)) as storage:
        return storage.secret(KEY, absent)


def suspects(
    mark: Keyed, root: bytes, accounts: Sequence[str], clusters: Sequence[str]
) -> list[Suspect]:
    """The keys to look for, each once. Raises ``KeyFileError`` for names that the scope forbids.

    With keys of scope tenant, answers at low temperatures bear the key of the cluster.
    """
    if mark.scope == "provider":
        if accounts or clusters:
            raise KeyFileError(
                "--account and --cluster: expected none, since one key serves all accounts "
                f"(scope provider); got {[*accounts, *clusters][0]!r}"
            )
        return [Suspect("an account of the provider", mark.scoped_key(""))]
    if not accounts and not clusters:
        raise KeyFileError(
            f"keys of scope {mark.scope}: name the accounts or clusters that come in question "
            "with --account and --cluster; each one more makes the claim weaker"
        )
    return [
        *(
            Suspect(f"account {name}", keys.scoped_key(root, "tenant", name, None))
            for name in dict.fromkeys(accounts)
        ),
        *(
            Suspect(f"cluster {name}", keys.scoped_key(root, "cluster", "", name))
            for name in dict.fromkeys(clusters)
        ),
    ]
