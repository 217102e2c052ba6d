"""CIFAR-10's binary archive: fetched by pooch, its SHA-256 checked, unpacked name by name."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from danskin.errors import DanskinError, InvalidInputError, MissingExtraError
from danskin.torch.data.cifar10 import BINARY_FILES, RECORD, RECORDS, read_cifar10

__all__ = ["ARCHIVE_SHA256", "ARCHIVE_URL", "default_folder", "download_cifar10"]

ARCHIVE_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
ARCHIVE_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
_FOLDER = "cifar-10-batches-bin"


class DownloadError(DanskinError):
    """The archive could not be fetched, or is not the one that was meant."""


def default_folder() -> Path:
    """Return where `download_cifar10` puts the data: the user's cache folder.

    Raises
    ------
    MissingExtraError
        Pooch is not installed.
    """
    return Path(_pooch().os_cache("danskin"))


def download_cifar10(
    folder: str | Path | None = None,
    *,
    archive: str | Path | None = None,
    downloader: Callable[..., Any] | None = None,
) -> Path:
    """Fetch CIFAR-10's binary version (170 MB) and unpack it.

    Parameters
    ----------
    folder : path, optional
        Where ``cifar-10-batches-bin`` is put; by default `default_folder`. What lies there already
        and is whole is not fetched again.
    archive : path, optional
        A ``cifar-10-binary.tar.gz`` that is here already: it is checked and unpacked, and nothing
        is fetched.
    downloader : callable, optional
        Pooch's: ``downloader(url, output_file, pooch)``.

    Returns
    -------
    Path
        The folder ``cifar-10-batches-bin``.

    Raises
    ------
    DownloadError
        No connection, or the wrong SHA-256.
    InvalidInputError
        The archive or a file in it is damaged, or the folder cannot be written.
    """
    pooch = _pooch()
    target = Path(folder) if folder is not None else default_folder()
    place = target / _FOLDER
    if _complete(place):
        return place
    try:
        target.mkdir(parents=True, exist_ok=True)
        if archive is None:
            archive = _fetch(pooch, target, downloader)
        elif not Path(archive).is_file():
            raise InvalidInputError(str(archive), "there is no such file", "Name the archive.")
        elif pooch.file_hash(str(archive), alg="sha256") != ARCHIVE_SHA256:
            raise DownloadError(
                f"{archive} is not CIFAR-10's binary archive: its SHA-256 is not "
                f"{ARCHIVE_SHA256}. Fetch {ARCHIVE_URL} again."
            )
        _unpack(Path(archive), place)
    except OSError as error:
        raise InvalidInputError(
            str(target), f"it cannot be written: {error.strerror or error}",
            "Name a folder that you may write, with room for 400 MB.",
        ) from None  # fmt: skip
    for split in ("train", "test"):
        read_cifar10(place, split)
    return place


def _pooch() -> Any:
    try:
        import pooch
    except ImportError:
        raise MissingExtraError("pooch", "torch") from None
    return pooch


def _fetch(pooch: Any, target: Path, downloader: Callable[..., Any] | None) -> str:
    try:
        return pooch.retrieve(
            ARCHIVE_URL,
            known_hash=f"sha256:{ARCHIVE_SHA256}",
            fname="cifar-10-binary.tar.gz",
            path=str(target),
            downloader=downloader,
        )
    except ValueError as error:
        raise DownloadError(
            f"{ARCHIVE_URL} is not the archive that was meant; it was not kept ({str(error)[:200]})"
        ) from None
    except ImportError:
        raise  # a downloader of pooch that needs a package of its own
    except Exception as error:
        # Pooch's downloaders raise what their libraries raise: requests, urllib3, ftplib, OSError.
        if isinstance(error, OSError) and error.errno is not None and error.filename:
            raise
        raise DownloadError(
            f"{ARCHIVE_URL} cannot be fetched ({type(error).__name__}). Without a connection, pass "
            "an archive that is here already (--archive FILE), or use the digits (--data digits)."
        ) from None


def _complete(place: Path) -> bool:
    sizes = [p.stat().st_size for name in BINARY_FILES if (p := place / name).is_file()]
    return sizes == [RECORDS * RECORD] * len(BINARY_FILES)


def _unpack(archive: Path, place: Path) -> None:
    """Write the six batches and nothing else; where to is ours to say, not the archive's."""
    place.mkdir(parents=True, exist_ok=True)
    wanted = {f"{_FOLDER}/{name}": name for name in BINARY_FILES}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name = wanted.pop(member.name.removeprefix("./"), None)
                if name is None:
                    continue
                if not member.isreg() or member.size != RECORDS * RECORD:
                    raise InvalidInputError(
                        str(archive), f"its member {member.name} is not {RECORDS * RECORD:,} bytes",
                        "Fetch the archive again.",
                    )  # fmt: skip
                source = tar.extractfile(member)
                assert source is not None  # isreg
                part = place / f".{name}.part"
                with source, part.open("wb") as file:
                    shutil.copyfileobj(source, file)
                part.replace(place / name)
    except (tarfile.TarError, EOFError) as error:
        raise InvalidInputError(
            str(archive), f"it is not a whole tar.gz archive ({str(error)[:100]})",
            "Fetch the archive again.",
        ) from None  # fmt: skip
    if wanted:
        raise InvalidInputError(
            str(archive), f"it lacks {', '.join(sorted(wanted.values()))}", "Fetch it again."
        )
