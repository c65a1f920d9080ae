"""The file of a backup: a tar archive whose members may be encrypted, written on after an interruption.

Members are small enough to be held in memory; a large file comes in numbered parts. The last member, `end.json`, holds
the SHA-256 of all others: a file without it is not complete.
"""

import hashlib
import json
import os
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.errors import InvalidInput

FORMAT = "parallax backup 1"
HEAD, END = "parallax-backup.json", "end.json"
PART = 16 * 1024 * 1024  # bytes
SCRYPT: dict[str, int] = {"n": 2**15, "r": 8, "p": 1}  # 32 MB and about 0.1 s for a try
NOT_ONE = "This is not a backup of Parallax, or it is damaged at its beginning."
WRONG = "The passphrase is wrong, or the backup is damaged; check the passphrase and try again."


class Writer:
    """Writes the members of a backup; `there` are those of an earlier try, which stay."""

    def __init__(self, path: Path, head: dict[str, Any], passphrase: str = "") -> None:
        self.there: dict[str, str] = {}
        self._path = path
        self._salt = secrets.token_hex(16)
        if path.exists() and path.stat().st_size:
            self.head = self._go_on(passphrase)
        else:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            self._file = path.open("r+b")
            self.head = {**head, "format": FORMAT, "salt": self._salt if passphrase else None}
            self._cipher = _cipher(passphrase, self._salt)
            self._put(HEAD, json.dumps(self.head).encode())

    def _go_on(self, passphrase: str) -> dict[str, Any]:
        """Keep what an earlier try has written whole, and cut off the rest."""
        reader = Reader(self._path, passphrase)
        end = 0
        for name, data in reader.members(complete=False):
            self.there[name] = hashlib.sha256(data).hexdigest()
            end = reader.position
        self._file = self._path.open("r+b")
        self._file.truncate(end)
        self._file.seek(end)
        self._cipher = _cipher(passphrase, reader.head.get("salt") or "")
        self.there.pop(HEAD, None)
        return reader.head

    def add(self, name: str, data: bytes) -> None:
        """Write a member, unless an earlier try has."""
        if name in self.there:
            return
        sealed = data
        if self._cipher is not None:
            nonce = secrets.token_bytes(12)
            sealed = nonce + self._cipher.encrypt(nonce, data, name.encode())
        self._put(name, sealed)
        self.there[name] = hashlib.sha256(data).hexdigest()

    def add_file(self, name: str, path: Path) -> None:
        """Write a file in parts."""
        with path.open("rb") as file:
            number = 0
            while data := file.read(PART):
                self.add(f"{name}/{number:05d}", data)
                number += 1

    def finish(self, end: dict[str, Any]) -> None:
        """Write the last member and close the file, all of it on the disk."""
        self.add(END, json.dumps({**end, "members": self.there}).encode())
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))
        self.close()

    def close(self) -> None:
        """Close the file as it is; a later try goes on from here."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def _put(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o600
        self._file.write(member.tobuf(tarfile.PAX_FORMAT))
        self._file.write(data)
        self._file.write(bytes(-len(data) % tarfile.BLOCKSIZE))
        self._file.flush()


class Reader:
    """Reads the members of a backup in their order; raises InvalidInput for another file or a wrong passphrase."""

    def __init__(self, path: Path, passphrase: str = "") -> None:
        self._path = path
        self.position = 0
        try:
            with tarfile.open(path, "r:") as archive:
                first = archive.next()
                file = archive.extractfile(first) if first is not None and first.name == HEAD else None
                self.head: dict[str, Any] = json.loads(file.read()) if file else {}
        except (tarfile.TarError, OSError, ValueError):
            raise InvalidInput(NOT_ONE) from None
        if self.head.get("format") != FORMAT:
            raise InvalidInput(NOT_ONE)
        if self.head.get("salt") and not passphrase:
            raise InvalidInput("This backup is encrypted; give its passphrase (PARALLAX_BACKUP_PASSPHRASE).")
        self._cipher = _cipher(passphrase, self.head.get("salt") or "")

    def members(self, *, complete: bool = True) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of every member but the head and the end; with `complete` all are checked."""
        size, seen, end = self._path.stat().st_size, dict[str, str](), None
        with tarfile.open(self._path, "r:", ignore_zeros=False) as archive:
            while (member := _next(archive)) is not None:
                after = member.offset_data + -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
                file = archive.extractfile(member)
                if after > size or file is None:
                    break  # cut short while it was written
                data = file.read()
                if member.name == HEAD:
                    self.position = after
                    continue
                data = self._opened(member.name, data)
                if member.name == END:
                    end = json.loads(data)
                    break
                seen[member.name] = hashlib.sha256(data).hexdigest()
                self.position = after
                yield member.name, data
        if complete and (end is None or end.get("members") != seen):
            raise InvalidInput("This backup is not complete, or damaged; make it again: python -m core backup FILE.")
        self.end = end

    def _opened(self, name: str, data: bytes) -> bytes:
        if self._cipher is None:
            return data
        try:
            return self._cipher.decrypt(data[:12], data[12:], name.encode())
        except InvalidTag:
            raise InvalidInput(WRONG) from None


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return archive.next()
    except tarfile.TarError:
        return None


def _cipher(passphrase: str, salt: str) -> AESGCM | None:
    if not passphrase or not salt:
        return None
    key = Scrypt(salt=bytes.fromhex(salt), length=32, **SCRYPT).derive(passphrase.encode())
    return AESGCM(key)
