"""Settings from the environment (PARALLAX_*), with defaults that make one machine work at once."""

import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ParallaxError


class Settings(BaseSettings):
    """What a deployment may choose. Every field is an environment variable, such as PARALLAX_DATA_DIR."""

    model_config = SettingsConfigDict(env_prefix="PARALLAX_", extra="ignore")

    data_dir: Path = Field(Path("data"), description="folder for database, volumes and secret")
    database_url: str = Field("", description="SQLAlchemy URL; SQLite in the data folder when empty")
    storage_url: str = Field("", description="folder or s3:// URL of the volumes; the data folder when empty")
    secret: str = Field("", description="key of patient keys; made at first start when empty")
    worker: bool = Field(True, description="whether the web process starts and supervises a worker of its own")
    worker_name: str = Field("local", description="stable name of the worker; two workers never share one")
    device: str = Field("", description="cpu, cuda or cuda:N; chosen by itself when empty")
    max_upload_mb: int = Field(4096, description="largest upload accepted, MB")
    uploads_total_mb: int = Field(0, description="uploads of all people in memory at once, MB; half of it when 0")
    allowed_hosts: str = Field(
        "", description="names under which people reach this server, with commas; any when empty"
    )
    metrics_token: str = Field(
        "", description="token with which /api/metrics and /_stcore/metrics answer; closed when empty"
    )
    session_hours: int = Field(12, description="how long a sign-in lasts, hours")
    log_json: bool = Field(False, description="logs as JSON lines rather than for a console")
    refuse_burned_in: bool = Field(
        False, description="refuse burned-in annotations and secondary captures instead of warning of them"
    )
    pacs_addresses: str = Field(
        "", description="beginnings of the addresses PACS connections may have, with blanks; any when empty"
    )
    smtp_url: str = Field(
        "",
        description="mail server, such as smtp://user:password@host:587 or smtps://host; letters are copied when empty",
    )
    mail_from: str = Field("", description="address that letters come from; the user of the mail server when empty")
    public_url: str = Field("", description="address people use, for links that are copied; found out when empty")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database; plain postgresql:// addresses are taken to mean psycopg."""
        url = self.database_url or f"sqlite:///{self.data_dir.resolve() / 'parallax.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @property
    def storage(self) -> str:
        """Folder or object-store URL that holds the volumes."""
        return self.storage_url or str(self.data_dir.resolve() / "volumes")

    def hosts(self) -> frozenset[str]:
        """Return the host names that are served: those allowed and this machine's own; empty when every one is."""
        if not self.allowed_hosts.strip():
            return frozenset()
        named = {name.strip().lower() for name in self.allowed_hosts.split(",")}
        return frozenset(named | {"localhost", "127.0.0.1", "::1"}) - {""}

    def secret_bytes(self) -> bytes:
        """Return the secret; at the first start it is made and kept in the data folder, readable by its owner only."""
        if self.secret:
            return self.secret.encode()
        return secret_in(self.data_dir)


def secret_in(folder: Path) -> bytes:
    """Return the secret kept in a folder, made when there is none."""
    path = folder / "secret"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        text = path.read_text()
        if not text:
            raise ParallaxError(f"The secret file {path} is empty; delete it and start again.") from None
        return text.encode()
    with os.fdopen(descriptor, "w") as file:
        text = secrets.token_hex(32)
        file.write(text)
    return text.encode()


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
