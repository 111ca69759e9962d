"""The texts of the API, and that there is one for everything it can say."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import app
from app.api.validation import CODES, code_of
from app.domain.shared.errors import DomainError
from app.infrastructure.texts import PLACEHOLDER, Texts, flattened, preferred
from app.resources import resource

pytestmark = pytest.mark.fast

LAYERS: Final = ("app.domain", "app.usecases", "app.api", "app.infrastructure")
OWN_CODES: Final = {"unknown_parameter", "repeated", "expected", "cursor", "digits", "date", "value", "type"}


@cache
def modules() -> dict[str, ModuleType]:
    """Give every module of the layers whose errors reach clients."""
    found = (module.name for module in pkgutil.walk_packages(app.__path__, "app."))
    return {name: importlib.import_module(name) for name in found if name.startswith(LAYERS)}


def errors() -> list[type[DomainError]]:
    """Give every class of error that those modules define."""
    known: list[type[DomainError]] = []
    waiting = list(DomainError.__subclasses__())
    modules()
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__module__.startswith(LAYERS):
            known.append(kind)
    return known


def locale(name: str) -> dict[str, str]:
    """Give the texts of one language by key."""
    files = (resource("locales") / name).glob("*.json")
    return {key: text for file in files for key, text in flattened(json.loads(file.read_text("utf-8"))).items()}


LOCALES: Final = sorted(folder.name for folder in resource("locales").iterdir())


def raised() -> Iterator[tuple[str, type[DomainError], set[str], dict[str, object]]]:
    """Give each place that makes an error: where, which, the names of its facts, and those that are constants."""
    for name, module in modules().items():
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            call = node.exc if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name) else node
            target = call.func if isinstance(call, ast.Call) else call if isinstance(call, ast.Name) else None
            if not isinstance(target, ast.Name) or (call is node and not isinstance(call, ast.Call)):
                continue
            kind = getattr(module, target.id, None)
            if not (isinstance(kind, type) and issubclass(kind, DomainError)):
                continue
            keywords = call.keywords if isinstance(call, ast.Call) else []
            if any(keyword.arg is None for keyword in keywords):
                continue
            constants: dict[str, object] = {
                k.arg: k.value.value for k in keywords if k.arg and isinstance(k.value, ast.Constant)
            }
            yield f"{name}:{target.lineno}", kind, {str(k.arg) for k in keywords} - {"at"}, constants


def test_there_are_english_and_brazilian_texts() -> None:
    """ERP-17: at least these two languages."""
    assert {"en", "pt-BR"} <= set(LOCALES)


@pytest.mark.parametrize("name", LOCALES)
def test_every_error_has_a_title_and_a_detail(name: str) -> None:
    """ERP-17: no client ever reads a bare code."""
    texts = locale(name)
    wanted = {f"{kind.code}.{part}" for kind in errors() for part in ("title", "detail")}
    assert not wanted - texts.keys()


@pytest.mark.parametrize("name", LOCALES)
def test_every_refused_value_has_a_text(name: str) -> None:
    texts = locale(name)
    wanted = set(CODES.values()) | {f"validation.{code}" for code in OWN_CODES}
    assert wanted == {key for key in texts if key.startswith("validation.")}


@pytest.mark.parametrize("name", LOCALES)
def test_no_text_is_for_an_error_that_is_gone(name: str) -> None:
    codes = {kind.code for kind in errors()}
    stale = {key for key in locale(name) if key.endswith((".title", ".detail")) and key.rpartition(".")[0] not in codes}
    assert not stale


def test_all_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    """ERP-17: a fact shown in one language is shown in all."""
    english = {key: sorted(set(PLACEHOLDER.findall(text))) for key, text in locale("en").items()}
    for name in LOCALES:
        assert {key: sorted(set(PLACEHOLDER.findall(text))) for key, text in locale(name).items()} == english


def test_every_error_is_raised_with_the_facts_its_text_speaks_of() -> None:
    texts = locale("en")
    lacking = [
        (where, kind.code, missing)
        for where, kind, facts, _ in raised()
        if (missing := set(PLACEHOLDER.findall(texts.get(f"{kind.code}.detail", ""))) - facts)
    ]
    assert not lacking


def test_the_kinds_of_things_that_errors_name_can_be_said_in_every_language() -> None:
    kinds = {str(constants["kind"]) for _, _, _, constants in raised() if "kind" in constants}
    assert kinds
    for name in LOCALES:
        assert not {f"words.kind.{kind}" for kind in kinds} - locale(name).keys()


def test_an_unknown_type_of_validation_error_still_has_a_code() -> None:
    assert code_of("something_new") == "validation.value"
    assert code_of("bool_parsing") == "validation.type"
    assert code_of("date_from_datetime_parsing") == "validation.date"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("en-GB", "en"),
        ("fr, pt-br;q=0.5", "pt-BR"),
        ("en;q=0.1, pt-BR;q=0.2", "pt-BR"),
        ("pt-BR;q=0, en", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        (";;;q=,,\x00", "en"),
        ("a" * 100_000, "en"),
        (None, "en"),
    ],
)
def test_the_language_is_the_one_most_wanted_that_there_is(header: str | None, language: str) -> None:
    """ERP-17: Accept-Language decides (RFC 9110, 12.5.4)."""
    assert Texts().negotiate(header, "en") == language


def test_without_a_wish_the_default_serves_and_an_unknown_default_is_english() -> None:
    assert Texts().negotiate(None, "pt-BR") == "pt-BR"
    assert Texts().negotiate("fr", "xx") == "en"


def test_preferences_keep_their_order_among_equals() -> None:
    assert preferred("fr, de, it;q=0.9, es;q=1.0") == ["fr", "de", "es", "it"]


def test_only_names_are_replaced_never_attributes_or_indexes(tmp_path: Path) -> None:
    """A fact is a client's own text; it must not be read as a template, nor reach into objects."""
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "a.json").write_text('{"a": "{x} {x.__class__} {x[0]} {0} {} {y}"}', encoding="utf-8")
    texts = Texts(tmp_path)
    assert texts.text("en", "a", {"x": "{y}"}) == "{y} {x.__class__} {x[0]} {0} {} ?"


def test_a_missing_text_shows_its_key() -> None:
    assert Texts().text("en", "no.such", {}) == "no.such"


def test_a_text_that_stands_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    for name in ("a", "b"):
        (tmp_path / "en" / f"{name}.json").write_text('{"x": "once"}', encoding="utf-8")
    with pytest.raises(ValueError, match="again: x"):
        Texts(tmp_path)
