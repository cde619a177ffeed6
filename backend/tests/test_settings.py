"""What a deployment can choose, and what it must."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from litmus_server.settings import Refused, Settings

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "docs" / "reference" / "configuration.md"
PRODUCTION = {
    "DATABASE_URL": "postgresql://litmus@db/litmus",
    "JWT_SECRET": "x" * 40,
    "LITMUS_ADMIN_TOKENS": "one",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("LITMUS_") or name in {"DATABASE_URL", "JWT_SECRET", "ENV", "PORT", "LOG_LEVEL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("LITMUS_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)  # where no .env lies


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings.read()


def aliases() -> list[str]:
    return [str(field.validation_alias) for field in Settings.model_fields.values()]


def test_without_a_word_it_is_production_on_port_8000_and_open_to_the_network() -> None:
    settings = Settings.read()
    assert (settings.env, settings.port, settings.listens_on, settings.log_level) == (
        "production",
        8000,
        "0.0.0.0",
        "INFO",
    )


@pytest.mark.parametrize("missing", ["DATABASE_URL", "JWT_SECRET"])
def test_production_without_a_required_variable_names_it_and_the_ways_out(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    settings = read(monkeypatch, **{name: value for name, value in PRODUCTION.items() if name != missing})
    with pytest.raises(Refused) as refused:
        settings.check_start()
    message = str(refused.value)
    assert message.startswith(f"{missing} is not set")
    assert "litmus serve --embedded" in message
    assert "ENV=development" in message


def test_production_says_everything_that_is_missing_at_once() -> None:
    with pytest.raises(Refused) as refused:
        Settings.read().check_start()
    assert "DATABASE_URL is not set" in str(refused.value)
    assert "JWT_SECRET is not set" in str(refused.value)


def test_production_with_what_the_mission_requires_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, **PRODUCTION)
    settings.check_start()
    assert settings.advice() == []


def test_production_without_tokens_starts_and_says_that_nobody_can_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = read(monkeypatch, **{**PRODUCTION, "LITMUS_ADMIN_TOKENS": ""})
    settings.check_start()
    assert any("LITMUS_ADMIN_TOKENS" in sentence for sentence in settings.advice())


def test_the_embedded_server_needs_neither_variable() -> None:
    Settings.read().check_start(embedded=True)


def test_the_embedded_server_and_another_database_exclude_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="drop one of them"):
        read(monkeypatch, **PRODUCTION).check_start(embedded=True)


def test_development_starts_with_nothing_and_listens_on_this_machine_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = read(monkeypatch, ENV="development")
    settings.check_start()
    assert settings.listens_on == "127.0.0.1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "litmus.example"])
def test_development_refuses_to_listen_where_others_could_write(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with pytest.raises(Refused, match="LITMUS_HOST"):
        read(monkeypatch, ENV="development", LITMUS_HOST=host).check_start()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_development_may_choose_which_loopback_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    read(monkeypatch, ENV="development", LITMUS_HOST=host).check_start()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2"])
def test_every_spelling_of_a_database_url_is_the_same_database(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    url = read(monkeypatch, DATABASE_URL=f"{scheme}://u:p@h:5433/d?sslmode=require").database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql://u:p@h:5433/d?sslmode=require"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://h/d"),
        ("DATABASE_URL", "h/d"),
        ("ENV", "staging"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
        ("LITMUS_CORS_ORIGINS", "https://a.example,*"),
        ("LITMUS_CORS_ORIGINS", "https://a.example/path"),
        ("LITMUS_CORS_ORIGINS", "a.example"),
        ("LITMUS_DATABASE_POOL", "1"),
    ],
)
def test_a_value_that_means_nothing_is_refused_by_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(Refused, match=f"^{name}: "):
        read(monkeypatch, **{name: value})


def test_lists_are_separated_by_commas_and_blanks_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(
        monkeypatch, LITMUS_WRITE_TOKENS=" one , two,,", LITMUS_CORS_ORIGINS="https://a.example, http://b:1"
    )
    assert [token.get_secret_value() for token in settings.write_tokens] == ["one", "two"]
    assert settings.cors_origins == ("https://a.example", "http://b:1")


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert Settings.read(port=8082, host=None).port == 8082


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(
        read(
            monkeypatch,
            DATABASE_URL="postgresql://u:hidden1@h/d",
            JWT_SECRET="hidden2",
            LITMUS_WRITE_TOKENS="hidden3",
            LITMUS_ADMIN_TOKENS="hidden4",
        )
    )
    assert "hidden" not in shown


def test_a_generated_secret_is_made_once_and_only_its_owner_can_read_it() -> None:
    settings = Settings.read()
    secret = settings.signing_secret()
    assert len(secret) >= 32
    assert Settings.read().signing_secret() == secret
    assert stat.S_IMODE((settings.data_folder / "jwt_secret").stat().st_mode) == 0o600


def test_a_secret_that_cannot_be_written_whole_is_not_there_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings.read()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(Refused, match=r"No space left on device.*set JWT_SECRET"):
            settings.signing_secret()
    assert list(settings.data_folder.iterdir()) == []
    assert len(settings.signing_secret()) >= 32
    assert [file.name for file in settings.data_folder.iterdir()] == ["jwt_secret"]


def test_an_empty_secret_signs_nothing() -> None:
    settings = Settings.read()
    settings.data_folder.mkdir()
    (settings.data_folder / "jwt_secret").touch()
    with pytest.raises(Refused, match="is empty"):
        settings.signing_secret()


def test_servers_that_start_at_once_have_one_secret() -> None:
    settings = Settings.read()
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: settings.signing_secret(), range(32)))) == 1


def test_a_given_secret_is_used_and_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, JWT_SECRET="given")
    assert settings.signing_secret() == "given"
    assert not settings.data_folder.exists()


def test_a_child_has_the_settings_that_the_command_line_gave(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = Settings.read(data_folder=tmp_path / "other", env="development")
    for name, value in settings.environment(DATABASE_URL="postgresql://h/d").items():
        monkeypatch.setenv(name, value)
    theirs = Settings.read()
    assert (theirs.env, theirs.data_folder) == ("development", tmp_path / "other")
    assert theirs.database_url is not None


def test_the_reference_has_a_heading_for_every_setting_and_for_nothing_else() -> None:
    lines = CONFIGURATION.read_text(encoding="utf-8").splitlines()
    headings = [line.removeprefix("### ").strip("`") for line in lines if line.startswith("### ")]
    assert sorted(headings) == sorted(aliases())


def test_the_example_names_every_setting() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = {line.lstrip("# ").partition("=")[0] for line in example.splitlines() if "=" in line}
    assert named == set(aliases())
