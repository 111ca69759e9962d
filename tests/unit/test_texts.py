"""The texts of the API, and that there is one for everything it can say."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import app
from app.api.validation import CODES, code_of
from app.domain.billing import Overpaid
from app.domain.papers import Mark, PaperKind
from app.domain.shared.errors import DomainError
from app.importer.refusals import BadFile, BadRow
from app.infrastructure.languages import Language, language
from app.infrastructure.papers.printer import PdfPrinter
from app.infrastructure.texts import DEFAULT, PLACEHOLDER, Plural, Text, Texts, flattened, preferred
from app.resources import resource
from app.usecases.ports.reports import EntryKind
from tests.support.papers import nothing, samples

pytestmark = pytest.mark.fast

LAYERS: Final = ("app.domain", "app.usecases", "app.api", "app.infrastructure", "app.importer", "app.bootstrap")
LANGUAGES: Final = {"en", "pt-BR", "fr", "es", "de"}
OTHERS: Final = ("mail.letters.", "papers.", "validation.", "words.")
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


def locale(name: str) -> dict[str, Text]:
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


def forms(text: Text) -> list[str]:
    """Give all that a text can say: one form, or one for each plural category."""
    return [text] if isinstance(text, str) else list(text.forms.values())


def facts_of(text: Text) -> set[str]:
    """Give the names of the facts a text speaks of."""
    return {name for form in forms(text) for name, _ in PLACEHOLDER.findall(form)}


@cache
def constants() -> frozenset[str]:
    """Give every text that stands in the code by itself: names of states, kinds, roles and reasons are among them."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in Path(app.__path__[0]).rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(node.value for node in nodes if isinstance(node.value, str))


def test_there_are_texts_in_five_languages() -> None:
    """ERP-17: English, Brazilian Portuguese, French, Spanish, German."""
    assert set(LOCALES) == LANGUAGES


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
    said = {f"{kind.code}.{part}" for kind in errors() for part in ("title", "detail")}
    others = {key for key in locale(name) if key not in said and not key.startswith(OTHERS)}
    assert not others


class Overheard(Texts):
    """Texts that remember what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def text(self, locale: str, key: str, facts: Mapping[str, object]) -> str:
        self.asked.add(key)
        return super().text(locale, key, facts)


def test_every_text_for_papers_is_printed_and_every_text_that_is_printed_is_there() -> None:
    """ERP-17: labels are built of names, so that only printing tells which are used; the samples use them all."""
    texts = Overheard()
    for paper in samples().values():
        PdfPrinter(texts).print(paper, nothing)
    kept = {key for key in locale(DEFAULT) if key.startswith("papers.")}
    asked = {key for key in texts.asked if key.startswith("papers.")}
    assert asked | {f"papers.entries.{kind}" for kind in EntryKind} == kept
    enumerated = {f"papers.titles.{kind}" for kind in PaperKind} | {f"papers.marks.{mark}" for mark in Mark}
    assert enumerated <= kept


def test_what_papers_say_has_a_digest_that_changes_with_any_of_it(tmp_path: Path) -> None:
    texts = folder(tmp_path, en='{"papers": {"a": "x"}, "b": "y"}', de='{"papers": {"a": "z"}}')
    digest = texts.digest("papers.")
    assert re.fullmatch("[0-9a-f]{16}", digest)
    (tmp_path / "de" / "a.json").write_text('{"papers": {"a": "other"}}', encoding="utf-8")
    assert Texts(tmp_path).digest("papers.") != digest
    (tmp_path / "de" / "a.json").write_text('{"papers": {"a": "z"}, "b": "w"}', encoding="utf-8")
    assert Texts(tmp_path).digest("papers.") == digest


@pytest.mark.parametrize("name", LOCALES)
def test_no_word_is_for_a_value_that_no_code_names(name: str) -> None:
    words = [key.removeprefix("words.").partition(".")[::2] for key in locale(name) if key.startswith("words.")]
    assert words
    assert not [(fact, value) for fact, value in words if value not in constants()]
    spoken = set().union(*(facts_of(text) for text in locale(name).values()))
    assert not {fact for fact, _ in words} - spoken, "no sentence speaks of these"


def test_all_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    """ERP-17: a fact shown in one language is shown in all."""
    english = locale("en")
    for name in LOCALES:
        texts = locale(name)
        assert texts.keys() == english.keys(), f"{name}: {sorted(texts.keys() ^ english.keys())}"
        for key, text in texts.items():
            # Each form says all: a reader of the singular is told no less.
            wanted = sorted(set(PLACEHOLDER.findall(forms(english[key])[0])))
            found = [sorted(set(PLACEHOLDER.findall(form))) for form in forms(text)]
            assert found == [wanted] * len(found), f"{name}: {key}"


@pytest.mark.parametrize("name", LOCALES)
def test_braces_hold_placeholders_and_nothing_else(name: str) -> None:
    """A style with a slip of the pen would be shown to the reader as it stands."""
    for key, text in locale(name).items():
        assert not [form for form in forms(text) if re.search(r"[{}]", PLACEHOLDER.sub("", form))], key


@pytest.mark.parametrize("name", LOCALES)
def test_a_plural_has_a_form_for_each_category_of_its_language(name: str) -> None:
    """ERP-17: plural rules are CLDR's; pt-BR, fr and es have one for millions that English and German lack."""
    categories = language(name).locale.plural_form.tags | {"other"}
    plurals = {key: text for key, text in locale(name).items() if isinstance(text, Plural)}
    assert plurals.keys() == {key for key, text in locale(DEFAULT).items() if isinstance(text, Plural)}
    for key, text in plurals.items():
        assert text.forms.keys() == categories, f"{name}: {key}"
        assert text.counted == plural_of(DEFAULT, key).counted
        assert text.counted in facts_of(text), f"{name}: {key} does not say what it counts"


def plural_of(name: str, key: str) -> Plural:
    text = locale(name)[key]
    assert isinstance(text, Plural)
    return text


_EVERYWHERE: Final = {"papers.account.bic", "papers.account.iban"}
ALIKE: Final[dict[str, set[str]]] = {
    "de": {*_EVERYWHERE, "papers.account.bank"},
    "es": {*_EVERYWHERE, "papers.totals.gross", "words.kind.alias"},
    "fr": {
        *_EVERYWHERE,
        "papers.columns.date",
        "papers.columns.lot",
        "papers.facts.date",
        "words.is_kind.pro_forma",
        "words.kind.alias",
        "words.kind.session",
        "words.kind.version",
    },
    "pt-BR": {*_EVERYWHERE, "papers.facts.email", "papers.totals.gross", "words.kind.alias"},
}
"""Texts that are rightly the same as in English."""


@pytest.mark.parametrize("name", sorted(LANGUAGES - {DEFAULT}))
def test_nothing_was_left_in_english(name: str) -> None:
    """ERP-17: a copy of the English text is no translation, unless it is on the list."""
    english = locale(DEFAULT)
    same = {key for key, text in locale(name).items() if set(forms(text)) & set(forms(english[key]))}
    assert same == ALIKE[name]


def test_every_error_is_raised_with_the_facts_its_text_speaks_of() -> None:
    texts = locale("en")
    lacking = [
        (where, kind.code, missing)
        for where, kind, facts, _ in raised()
        if (missing := facts_of(texts.get(f"{kind.code}.detail", "")) - facts)
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
        ("it, pt-br;q=0.5", "pt-BR"),
        ("fr-CA, fr;q=0.9, en;q=0.8", "fr"),
        ("de-AT", "de"),
        ("DE-ch", "de"),
        ("es-MX, en;q=0.3", "es"),
        ("es-419", "es"),
        ("it, fr;q=0.2, de;q=0.5", "de"),
        ("en;q=0.1, pt-BR;q=0.2", "pt-BR"),
        ("pt-BR;q=0, en", "en"),
        ("it", "en"),
        ("french", "en"),
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
    assert Texts().negotiate("it", "xx") == "en"


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


def folder(root: Path, **texts: str) -> Texts:
    """Give texts of languages (``pt_BR`` for pt-BR) written as JSON."""
    for name, text in texts.items():
        (root / name.replace("_", "-")).mkdir()
        (root / name.replace("_", "-") / "a.json").write_text(text, encoding="utf-8")
    return Texts(root)


def test_what_a_language_lacks_is_said_in_english(tmp_path: Path) -> None:
    texts = folder(tmp_path, en='{"a": "yes", "b": "only here"}', de='{"a": "ja"}')
    assert (texts.text("de", "a", {}), texts.text("de", "b", {}), texts.text("xx", "a", {})) == (
        "ja",
        "only here",
        "yes",
    )


def test_a_plural_follows_the_fact_it_names_in_the_language_of_the_text(tmp_path: Path) -> None:
    """ERP-17: nothing is singular in French and plural in English; a million is a category of its own in French."""
    plural = '{"a": {"plural": "n", "one": "one {n:number}", "many": "many {n:number}", "other": "other {n:number}"}}'
    texts = folder(tmp_path, en=plural, fr=plural, pt_BR=plural)
    said = {name: [texts.text(name, "a", {"n": n}) for n in (0, 1, 2, 1_000_000)] for name in ("en", "fr", "pt-BR")}
    assert said == {
        "en": ["other 0", "one 1", "other 2", "other 1,000,000"],
        "fr": ["one 0", "one 1", "other 2", "many 1\u202f000\u202f000"],
        "pt-BR": ["one 0", "one 1", "other 2", "many 1.000.000"],
    }
    assert texts.text("en", "a", {"n": "x"}) == "other x"
    assert texts.text("en", "a", {}) == "other ?"


def test_the_limit_of_lines_is_told_in_the_singular_too() -> None:
    texts = Texts()
    key = "request.too_many_lines.detail"
    assert texts.text("de", key, {"limit": 1}) == "Ein Beleg hat höchstens 1 Position."
    assert texts.text("de", key, {"limit": 2000}) == "Ein Beleg hat höchstens 2.000 Positionen."
    assert texts.text("fr", key, {"limit": 1_000_000}) == "Un document compte au plus 1\u202f000\u202f000 de lignes."


@pytest.mark.parametrize(
    ("name", "style", "value", "written"),
    [
        ("en", None, Decimal("-1234567.8900"), "-1,234,567.89"),
        ("de", None, Decimal("-1234567.8900"), "-1.234.567,89"),
        ("fr", None, Decimal("1234567.89"), "1\u202f234\u202f567,89"),
        ("pt-BR", None, Decimal("1234.5"), "1.234,5"),
        ("es", None, Decimal(1234567), "1.234.567"),
        ("de", None, Decimal("0.00000001"), "0,00000001"),
        ("de", None, Decimal("NaN"), "NaN"),
        ("de", "number", 2000, "2.000"),
        ("de", None, 1234567, "1234567"),
        ("de", None, True, "true"),
        ("de", "percent", Decimal("19.50"), "19,5\u00a0%"),
        ("en", "percent", 20, "20%"),
        ("de", "currency", Decimal("1234.5000"), "1.234,50\u00a0€"),
        ("en", "currency", Decimal("1234.505"), "€1,234.505"),
        ("pt-BR", None, date(2026, 11, 21), "21 de novembro de 2026"),
        ("de", None, date(2026, 11, 21), "21. November 2026"),
        ("fr", None, date(2026, 11, 1), "1 novembre 2026"),
        ("en", None, datetime(2026, 11, 21, 13, 5, tzinfo=UTC), "November 21, 2026, 1:05:00\u202fPM UTC"),
        ("de", "and", ["a", "b", "c"], "a, b und c"),
        ("de", None, ("a", "b"), "a und b"),
        ("es", "or", ["a", "b", "c"], "a, b o c"),
        ("en", "or", ["a", "b", "c"], "a, b, or c"),
        ("fr", "or", "a, b, c", "a, b ou c"),
        ("fr", None, "a, b, c", "a, b, c"),
        ("fr", "or", [Decimal("1.5"), 7], "1,5 ou 7"),
        ("fr", "and", [], ""),
        ("fr", "number", "no number", "no number"),
        ("fr", None, None, "None"),
    ],
)
def test_a_fact_is_written_as_its_language_writes_it(name: str, style: str | None, value: object, written: str) -> None:
    """ERP-17: decimals, dates, percent, lists and amounts by CLDR; an id has no separators."""
    assert language(name).written(value, style, {"currency": "EUR"}) == written


def test_an_amount_without_a_currency_is_a_number() -> None:
    assert language("de").written(Decimal("1234.50"), "currency", {}) == "1.234,5"
    assert language("de").written(Decimal("1234.50"), "currency") == "1.234,5"


@pytest.mark.parametrize(
    ("name", "decimals", "money", "written"),
    [
        ("en", (2, 2), None, "-1,234.50"),
        ("de", (0, 8), None, "-1.234,5"),
        ("fr", (3, 3), None, "-1\u202f234,500"),
        ("de", (2, 2), "EUR", "-1.234,50\u00a0€"),
        ("en", (3, 3), "KWD", "-KWD\u00a01,234.500"),
        ("en", (2, 2), "EUR", "-€1,234.50"),
        ("pt-BR", (2, 2), "BRL", "-R$\u00a01.234,50"),
        ("en", (2, 2), "XOF", "-F\u202fCFA\u00a01,234.50"),
    ],
)
def test_a_figure_has_the_decimals_of_its_column(
    name: str, decimals: tuple[int, int], money: str | None, written: str
) -> None:
    """ERP-17: a currency's minor unit is ISO's, not what the language's tables make of it."""
    assert language(name).figure(Decimal("-1234.5"), decimals, money) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [("en", "Apr 5, 2026"), ("de", "05.04.2026"), ("fr", "05/04/2026"), ("es", "05/04/2026"), ("pt-BR", "05/04/2026")],
)
def test_a_day_in_figures_has_four_digits_for_the_year(name: str, written: str) -> None:
    assert language(name).day(date(2026, 4, 5)) == written


def test_a_country_has_a_name_in_each_language_and_an_unknown_one_its_code() -> None:
    assert [language(name).country("DE") for name in LOCALES] == [
        "Deutschland",
        "Germany",
        "Alemania",
        "Allemagne",
        "Alemanha",
    ]
    assert language("fr").country("ZX") == "ZX"


def test_a_language_babel_does_not_know_writes_as_english() -> None:
    assert isinstance(language("x-klingon"), Language)
    assert language("tlh").written(Decimal("1234.5")) == "1,234.5"
    assert language("de") is language("de"), "made once"


def test_a_word_of_ours_is_translated_and_a_clients_own_is_not() -> None:
    texts = Texts()
    assert texts.text("de", "not_found.detail", {"kind": "third party", "id": 1234567}) == (
        "Nicht gefunden: Geschäftspartner 1234567."
    )
    assert texts.text("de", "not_found.detail", {"kind": "elephant", "id": 7}) == "Nicht gefunden: elephant 7."


def test_an_error_that_is_the_reason_of_another_is_told_as_well() -> None:
    error = BadFile(file="a.csv", reason=BadRow(values=1200, columns=3))
    assert Texts().told("de", error) == (
        "a.csv kann nicht gelesen werden: Die Zeile hat 1.200 Werte, die Datei aber 3 Spalten."
    )
    assert Texts().told("en", Overpaid(amount=Decimal("12.5"), due=Decimal(3), invoice=1000, currency="EUR")) == (
        "The payment of €12.50 is more than the €3.00 due on invoice 1000."
    )
