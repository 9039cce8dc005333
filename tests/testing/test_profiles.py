from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from fpsem.core.errors import UnknownNameError
from fpsem.testing.profiles import PROFILES, VARIABLE, load_profile


@pytest.fixture(autouse=True)
def _profile_is_put_back() -> Iterator[None]:
    loaded = settings.get_current_profile_name()
    yield
    settings.load_profile(loaded)


@pytest.mark.parametrize("name", PROFILES)
def test_the_environment_chooses_a_profile(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, name)
    assert load_profile() == name
    assert settings.get_current_profile_name() == name
    assert settings().max_examples == PROFILES[name].max_examples


def test_dev_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert load_profile() == "dev"


def test_no_profile_keeps_a_database_or_a_deadline() -> None:
    assert all(profile.database is None and profile.deadline is None for profile in PROFILES.values())


def test_only_ci_is_deterministic() -> None:
    assert [name for name, profile in PROFILES.items() if profile.derandomize] == ["ci"]


def test_an_unknown_profile_is_answered_with_the_names() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'nightly'"):
        load_profile("nightli")
