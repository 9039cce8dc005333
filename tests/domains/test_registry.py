"""The registry of domains: found by name, loaded when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fpsem.domains
from fpsem.core.errors import UnknownNameError, UnsupportedError
from fpsem.core.schedule import Pairwise, Sequential
from fpsem.domains import domain_named, domain_names

WITHOUT_SCHEDULE = ("interval", "real", "symbolic_real")


def test_every_module_of_the_folder_is_registered() -> None:
    import pkgutil

    found = {module.name for module in pkgutil.iter_modules(fpsem.domains.__path__) if not module.name.startswith("_")}
    assert found == set(domain_names())


@pytest.mark.parametrize("name", domain_names())
def test_a_domain_loads_by_its_name_and_calls_itself_so(name: str) -> None:
    domain = domain_named(name)
    assert domain.name == name
    assert type(domain).__module__ == f"fpsem.domains.{name}"


@pytest.mark.parametrize("name", fpsem.domains.__all__)
def test_a_class_is_an_attribute_of_the_package(name: str) -> None:
    assert getattr(fpsem.domains, name).__name__ == name


@pytest.mark.parametrize("name", domain_names())
def test_a_domain_takes_a_schedule_or_says_why_not(name: str) -> None:
    if name in WITHOUT_SCHEDULE:
        with pytest.raises(UnsupportedError, match=f"{name} takes no schedule"):
            domain_named(name, "pairwise")
    else:
        assert domain_named(name, "pairwise").schedule == Pairwise()
        assert domain_named(name, Pairwise(leaf=3)).schedule == Pairwise(leaf=3)
        assert domain_named(name).schedule == Sequential()
        with pytest.raises(UnknownNameError, match="schedule 'pairwize'"):
            domain_named(name, "pairwize")


@pytest.mark.parametrize("name", domain_names())
def test_domains_are_values(name: str) -> None:
    assert domain_named(name) == domain_named(name)
    assert hash(domain_named(name)) == hash(domain_named(name))


def test_an_unknown_domain_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown domain 'iee32'\. Did you mean 'ieee32'"):
        domain_named("iee32")
    with pytest.raises(AttributeError, match="no attribute 'IEEE64Exec'"):
        fpsem.domains.IEEE64Exec  # noqa: B018


def test_the_registry_itself_loads_no_domain() -> None:
    heavy = ("numba", "z3", "flint", "sympy")
    code = f"import sys, fpsem.domains as d; d.domain_names(); print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
