"""What a deployment can choose: the only file that reads the environment.

It knows names, defaults and what may go together; it must not know who uses a setting.
"""

import os
import re
import secrets
import sys
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_BASE = re.compile(
    r"(https?://[A-Za-z0-9.-]+(:\d+)?|(?=/))(/[A-Za-z0-9._~-]+)*/?"
)  # it stands in a page and in a header


class Refused(Exception):
    """The settings do not allow a start; `str()` says which variable and what the ways out are."""


def _data_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "litmus"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "litmus"


class Settings(BaseSettings):
    """One field a setting; each has a heading in docs/reference/configuration.md."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    jwt_secret: SecretStr | None = Field(None, validation_alias="JWT_SECRET")
    env: Literal["production", "development"] = Field("production", validation_alias="ENV")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", validation_alias="LOG_LEVEL")
    port: int = Field(8000, ge=0, le=65535, validation_alias="PORT")
    host: str | None = Field(None, validation_alias="LITMUS_HOST")
    data_folder: Path = Field(default_factory=_data_folder, validation_alias="LITMUS_DATA_FOLDER")
    write_tokens: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), validation_alias="LITMUS_WRITE_TOKENS"
    )
    admin_tokens: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), validation_alias="LITMUS_ADMIN_TOKENS"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), validation_alias="LITMUS_CORS_ORIGINS")
    dashboard_url: str | None = Field(None, validation_alias="LITMUS_DASHBOARD_URL")
    dashboard_port: int | None = Field(None, ge=0, le=65535, validation_alias="LITMUS_DASHBOARD_PORT")
    api_base: str | None = Field(None, validation_alias="NUXT_PUBLIC_API_BASE")
    database_pool: int = Field(4, ge=2, le=64, validation_alias="LITMUS_DATABASE_POOL")
    shutdown_seconds: float = Field(10, gt=0, le=600, validation_alias="LITMUS_SHUTDOWN_SECONDS")

    @classmethod
    def read(cls, **overrides: object) -> Self:
        """The environment's settings, with those that the command line gave; raises Refused, naming the variable."""
        try:
            return cls(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            raise Refused(
                "\n".join(_sentence(fault["loc"], fault["msg"]) for fault in error.errors())
            ) from None

    @field_validator("write_tokens", "admin_tokens", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Lists are separated by commas, as people write them in a shell."""
        return (
            tuple(each.strip() for each in value.split(",") if each.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url", mode="after")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        """Accept the spellings of other tools and platforms; keep the one that the driver reads."""
        if value is None:
            return None
        scheme, found, rest = value.get_secret_value().partition("://")
        if not found or scheme.partition("+")[0] not in {"postgres", "postgresql"}:
            raise ValueError("it must begin with postgresql://")
        return SecretStr(f"postgresql://{rest}")

    @field_validator("data_folder", mode="after")
    @classmethod
    def _home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("cors_origins", mode="after")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, found, host = origin.partition("://")
            if scheme not in {"http", "https"} or not found or not host or set(host) & set("/*?#"):
                raise ValueError(f"{origin!r} is not an exact origin such as https://shop.example")
        return value

    @field_validator("api_base", mode="after")
    @classmethod
    def _below(cls, value: str | None) -> str | None:
        if value is not None and not _BASE.fullmatch(value):
            raise ValueError(f"{value!r} is neither a URL such as http://localhost:8000/api/v1 nor a path")
        return value

    @property
    def development(self) -> bool:
        """Writes are open, and so only this machine may come in."""
        return self.env == "development"

    @property
    def listens_on(self) -> str:
        """The address to bind: everywhere in production, this machine alone in development."""
        return self.host or ("127.0.0.1" if self.development else "0.0.0.0")

    def environment(self, **changes: str) -> dict[str, str]:
        """The environment of a child that is to have these settings, whatever of them the command line gave."""
        own = {"ENV": self.env, "LOG_LEVEL": self.log_level, "LITMUS_DATA_FOLDER": str(self.data_folder)}
        return {**os.environ, **own, **changes}

    def check_start(self, *, embedded: bool = False) -> None:
        """Raise Refused where a server must not start with these settings; every reason, not only the first."""
        faults = list(self._open_faults() if self.development else self._production_faults(embedded=embedded))
        if embedded and self.database_url is not None:
            faults.append("DATABASE_URL is set and --embedded asks for our own PostgreSQL: drop one of them.")
        if faults:
            raise Refused("\n".join(faults))

    def advice(self) -> list[str]:
        """What a start with these settings should warn about, a sentence each."""
        sentences = []
        if not self.development and not self.admin_tokens:
            sentences.append("LITMUS_ADMIN_TOKENS is not set: nobody can create or change an experiment.")
        if self.jwt_secret is not None and len(self.jwt_secret.get_secret_value()) < 32:
            sentences.append("JWT_SECRET is shorter than 32 characters: make it longer, and random.")
        return sentences

    def signing_secret(self) -> str:
        """JWT_SECRET, or the one of the data folder, which is made once and readable by its owner only. Raises Refused."""
        if self.jwt_secret is not None:
            return self.jwt_secret.get_secret_value()
        file = self.data_folder / "jwt_secret"
        try:
            if not file.exists():
                self.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _make_secret(file)
            secret = file.read_text().strip()
        except OSError as error:
            raise Refused(
                f"The secret {file} cannot be made or read ({error.strerror}): set JWT_SECRET."
            ) from None
        if not secret:
            raise Refused(f"The secret {file} is empty: remove it, and the next start makes another one.")
        return secret

    def _open_faults(self) -> list[str]:
        if _is_loopback(self.listens_on):
            return []
        return [
            f"LITMUS_HOST is {self.listens_on}, but ENV=development leaves writes open and so listens on this machine "
            "only: use 127.0.0.1, or ENV=production with tokens."
        ]

    def _production_faults(self, *, embedded: bool) -> list[str]:
        faults = []
        if self.database_url is None and not embedded:
            faults.append(
                f"DATABASE_URL is not set. Set it to postgresql://user:password@host/database, {_WAYS_OUT}"
            )
        if self.jwt_secret is None and not embedded:
            faults.append(f"JWT_SECRET is not set. Set it to a long random text, {_WAYS_OUT}")
        return faults


_WAYS_OUT = (
    "or run `litmus serve --embedded` (production on the PostgreSQL that Litmus brings along, secret made once), "
    "or try Litmus with ENV=development (open writes, this machine only)."
)


def _make_secret(file: Path) -> None:
    """Whole or not at all, whatever ends us meanwhile; of several who make it at once, the first has made it."""
    made = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:  # noqa: PTH123
            new.write(secrets.token_urlsafe(48))
            new.flush()
            os.fsync(new.fileno())
        with suppress(FileExistsError):
            file.hardlink_to(made)
    finally:
        made.unlink(missing_ok=True)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]) if location else "settings"
    field = Settings.model_fields.get(name)
    alias = field.validation_alias if field is not None and isinstance(field.validation_alias, str) else name
    return f"{alias}: {message.removeprefix('Value error, ')}"
