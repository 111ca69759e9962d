"""Papers and logos are kept and found alike on every database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import pytest

from app.domain.papers import PaperKind
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context
from app.usecases.ports.papers import KeptPaper, PaperKey
from app.usecases.ports.shared import RolledBack
from tests.support.databases import company_context

pytestmark = pytest.mark.fast
Result = TypeVar("Result")
AT: Final = datetime(2026, 11, 21, 9, 30, 15, tzinfo=UTC)
FINAL: Final = PaperKey(kind=PaperKind.INVOICE, document=5, version=3, locale="fr")
DRAFT: Final = replace(FINAL, version=1, edition="e" * 64)


@dataclass(frozen=True)
class Drawer:
    """One company; each call is a transaction of its own."""

    works: SqlWorks
    context: Context

    def do(self, step: Callable[[Any], Result]) -> Result:
        """Do something and commit."""
        with self.works.writing(self.context) as work:
            done = step(work)
            work.commit()
            return done

    def keep(self, key: PaperKey, digest: str = "d", **others: Any) -> KeptPaper:
        """Keep a paper."""
        paper = KeptPaper(key=key, digest=digest, size=12, settings_version=1, made_at=AT, **others)
        self.add(paper)
        return paper

    def add(self, paper: KeptPaper) -> None:
        """Keep a paper."""
        self.do(lambda work: work.papers.add(paper))

    def purge(self, due: datetime) -> None:
        """Remove papers that were to go by an instant."""
        self.do(lambda work: work.retention.purge("papers", due, 100))

    def kept(self, *keys: PaperKey) -> list[bool]:
        """Tell which are kept."""
        return self.do(lambda work: [work.papers.find(key) is not None for key in keys])


@pytest.fixture
def drawer(works: SqlWorks) -> Drawer:
    """Give a company of the test's own."""
    return Drawer(works, company_context(works))


def test_a_paper_is_found_by_its_whole_key(drawer: Drawer) -> None:
    """ERP-16."""
    paper = drawer.keep(FINAL, expires_at=AT + timedelta(days=7))
    assert drawer.do(lambda work: work.papers.find(FINAL)) == paper
    others: list[dict[str, Any]] = [
        {"kind": PaperKind.ORDER},
        {"document": 6},
        {"version": 4},
        {"locale": "de"},
        {"locale": "FR"},
        {"edition": "x"},
    ]
    assert not any(drawer.kept(*(replace(FINAL, **other) for other in others)))
    stranger = Drawer(drawer.works, company_context(drawer.works))
    assert stranger.kept(FINAL) == [False]


def test_of_two_who_keep_one_paper_the_second_begins_again(drawer: Drawer) -> None:
    """ERP-16: and then finds the first one's."""
    drawer.keep(FINAL)
    with pytest.raises(RolledBack):
        drawer.keep(FINAL, "other")
    found = drawer.do(lambda work: work.papers.find(FINAL))
    assert found is not None
    assert found.digest == "d"


def test_a_newer_paper_outdates_those_that_might_change(drawer: Drawer) -> None:
    """ERP-16: of other versions, and of its own language; final ones stay, and those of other documents."""
    older, twin = replace(DRAFT, version=0), replace(DRAFT, edition="f" * 64)
    german, elsewhere = replace(DRAFT, locale="de"), replace(DRAFT, document=6)
    for key in (FINAL, DRAFT, older, twin, german, elsewhere):
        drawer.keep(key)
    drawer.do(lambda work: work.papers.outdate(DRAFT))
    assert drawer.kept(FINAL, DRAFT, older, twin, german, elsewhere) == [True, False, False, False, True, True]
    drawer.do(lambda work: work.papers.outdate(FINAL))
    assert drawer.kept(FINAL, german, elsewhere) == [True, False, True]
    drawer.do(lambda work: work.papers.forget(PaperKind.INVOICE, 5))
    assert drawer.kept(FINAL, elsewhere) == [False, True]


def test_the_settings_of_the_first_final_paper_are_known(drawer: Drawer) -> None:
    """ERP-16."""

    def first() -> int | None:
        return drawer.do(lambda work: work.papers.first_settings(PaperKind.INVOICE, 5))  # type: ignore[no-any-return]

    drawer.keep(DRAFT)
    assert first() is None
    for version, settings in ((4, 9), (3, 2), (5, 1)):
        paper = KeptPaper(
            key=replace(FINAL, version=version), digest="d", size=1, settings_version=settings, made_at=AT
        )
        drawer.add(paper)
    assert first() == 2


def test_digests_of_papers_and_logos_are_known(drawer: Drawer) -> None:
    """What is known is not swept."""
    drawer.keep(FINAL, "paper")
    for _ in range(2):
        drawer.do(lambda work: work.papers.add_logo("logo", 7, AT))
    assert drawer.do(lambda work: work.papers.known(["logo", "paper", "none"])) == {"logo", "paper"}
    assert drawer.do(lambda work: [work.papers.logo_size(one) for one in ("logo", "paper")]) == [7, None]
    stranger = Drawer(drawer.works, company_context(drawer.works))
    assert stranger.do(lambda work: work.papers.known(["logo", "paper"])) == frozenset()


def test_passing_papers_are_purged_on_their_day_and_final_ones_never(drawer: Drawer) -> None:
    """ERP-16."""
    drawer.keep(FINAL)
    drawer.keep(DRAFT, expires_at=AT)
    for due, left in ((AT - timedelta(seconds=1), [True, True]), (AT, [True, False])):
        drawer.purge(due)
        assert drawer.kept(FINAL, DRAFT) == left
