"""Attachments over HTTP: on every kind of object, whole or not at all, served so that no browser runs them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from threading import Event
from typing import Any, Final

import pytest
from anyio import Event as AsyncEvent
from sqlalchemy import text

from app.domain.attachments import MOST_ATTACHMENTS
from app.domain.shared.ids import CompanyId
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.files import NEW, FolderFiles
from app.settings import Settings
from tests.support.databases import statements, tracing
from tests.support.files import MemoryFiles
from tests.support.office import ON_SQLITE, Office, Reply, Served, free_line, serving, together
from tests.support.served import program

pytestmark = pytest.mark.fast

PDF: Final = b"%PDF-1.7\n" + bytes(range(256)) * 2000


def objects(office: Office) -> dict[ObjectKind, int]:
    """Give an object of each kind; the documents are no drafts any more."""
    product = office.product("5")
    order = office.order([{"product_id": product, "quantity": "1"}])
    sent = office.make(f"/orders/{order['id']}/shipments", {})
    shipment = office.act(f"/shipments/{sent['id']}/validate")
    invoice = office.invoice("10")
    payment = office.make(f"/invoices/{invoice['id']}/payments", {"amount": "1"})
    return {
        ObjectKind.THIRD_PARTIES: order["party_id"],
        ObjectKind.PRODUCTS: product,
        ObjectKind.WAREHOUSES: office.items("/warehouses")[0]["id"],
        ObjectKind.PROPOSALS: office.proposal([free_line("1")])["id"],
        ObjectKind.ORDERS: order["id"],
        ObjectKind.SHIPMENTS: shipment["id"],
        ObjectKind.INVOICES: invoice["id"],
        ObjectKind.PAYMENTS: payment["id"],
    }


def files_of(office: Office) -> dict[str, bytes]:
    """Give what is kept of the company's files, by place; what is on its way too."""
    settings = office.served.container.settings
    folder = (settings.files_dir or settings.data_dir / "files") / str(office.company)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(office: Office, sql: str) -> list[tuple[Any, ...]]:
    """Read the company's rows past the application."""
    with plain_engine(office.served.container.settings.database_url).connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql), {"company": office.company})]


def draft(office: Office) -> str:
    return f"/orders/{office.order([free_line('1')], validated=False)['id']}"


def test_a_file_goes_in_and_comes_out_of_every_kind_of_object(office: Office) -> None:
    """Whole, under its name, with its digest; also on documents that are no drafts any more."""
    digest = hashlib.sha256(PDF).hexdigest()
    for kind, owner in objects(office).items():
        path = f"/{kind}/{owner}/attachments"
        made = office.upload(path, PDF, "Angebot.pdf", "application/pdf")
        assert made.status == 201, made.body
        assert made.headers["location"] == f"/api/v1{path}/{made['id']}"
        assert (made["name"], made["media_type"], made["size"], made["sha256"]) == (
            "Angebot.pdf",
            "application/pdf",
            len(PDF),
            digest,
        )
        assert office.get(f"{path}/{made['id']}").body == made.body
        assert office.get(path)["items"] == [made.body]
        content = office.get(f"{path}/{made['id']}/content")
        assert content.status == 200
        assert content.body == PDF
        assert content.headers["content-type"] == "application/pdf"
    assert list(files_of(office)) == [f"{digest[:2]}/{digest}"]


@ON_SQLITE
def test_a_content_is_saved_never_shown_and_asked_for_once(office: Office) -> None:
    """No sniffing, no scripts, a name every browser understands; unchanged, it is not sent again."""
    path = f"{draft(office)}/attachments"
    made = office.upload(path, b"<script>alert(1)</script>", 'Überschrift "1".html', "text/html")
    content = f"{path}/{made['id']}/content"
    reply = office.get(content)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert reply.headers["content-disposition"] == (
        "attachment; filename=\"_berschrift _1_.html\"; filename*=UTF-8''%C3%9Cberschrift%20%221%22.html"
    )
    tag = reply.headers["etag"]
    assert tag == f'"{made["sha256"]}"'
    assert office.get(content, if_none_match=tag).status == 304
    assert office.get(content, if_none_match='"other"').status == 200


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\b.txt", "b.txt"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\r\nb.txt", "ab.txt"),
        ("é" * 300 + ".pdf", "é" * 196 + ".pdf"),
        ("日本.txt", "日本.txt"),
        (".hidden", ".hidden"),
    ],
)
@ON_SQLITE
def test_a_name_reaches_no_folder_and_hides_nothing(office: Office, name: str, kept: str) -> None:
    path = f"{draft(office)}/attachments"
    made = office.upload(path, b"x", name)
    assert made["name"] == kept
    assert office.get(f"{path}/{made['id']}/content").status == 200
    assert set(files_of(office).values()) == {b"x"}


@ON_SQLITE
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(office: Office) -> None:
    path = f"{draft(office)}/attachments"
    assert office.upload(path, b"").refusal == (422, "attachments.empty")
    assert office.upload(path, b"x", "..").refusal == (422, "attachments.bad_name")
    assert office.upload(path, b"x", "..").pointers == ["/file"]
    assert office.post(path, {"file": "x"}).refusal == (415, "request.unsupported_media_type")
    assert office.get(path)["items"] == []
    assert files_of(office) == {}


def form(office: Office, path: str, body: bytes, boundary: str = "b") -> Reply:
    """Send a form as written."""
    headers = {**office.headers, "content-type": f"multipart/form-data; boundary={boundary}"}
    answer = office.served.http.post(f"/api/v1{path}", content=body, headers=headers)
    return office._checked("POST", path, answer)


def part(name: str, content: str = "x", filename: str | None = "a.txt") -> bytes:
    told = "" if filename is None else f'; filename="{filename}"'
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n{content}\r\n'.encode()


@pytest.mark.parametrize(
    ("body", "refusal", "pointer"),
    [
        (b"", (400, "request.malformed_multipart"), None),
        (b"nonsense", (400, "request.malformed_multipart"), None),
        (part("file"), (400, "request.malformed_multipart"), None),
        (part("file")[:-4], (400, "request.malformed_multipart"), None),
        (b"--b\r\n" + b"x" * 9000 + b": y\r\n\r\n", (400, "request.malformed_multipart"), None),
        (b"--b--\r\n", (422, "request.invalid_body"), "/file"),
        (part("file", filename=None) + b"--b--\r\n", (422, "request.invalid_body"), "/file"),
        (part("note", filename=None) + part("file") + b"--b--\r\n", (422, "request.invalid_body"), "/note"),
        (part("other") + b"--b--\r\n", (422, "request.invalid_body"), "/other"),
        (part("file") + part("file") + b"--b--\r\n", (422, "request.invalid_body"), "/file"),
    ],
    ids=range(10),
)
@ON_SQLITE
def test_a_form_that_is_not_one_whole_file_is_refused(
    office: Office, body: bytes, refusal: tuple[int, str], pointer: str | None
) -> None:
    """What ends too early, has other parts, or two files, stores nothing."""
    path = f"{draft(office)}/attachments"
    reply = form(office, path, body)
    assert reply.refusal == refusal
    if pointer is not None:
        assert reply.pointers == [pointer]
    assert office.get(path)["items"] == []
    assert files_of(office) == {}


@ON_SQLITE
def test_a_form_of_the_smallest_kind_is_taken(office: Office) -> None:
    """The same helper that makes the bad forms makes a good one."""
    path = f"{draft(office)}/attachments"
    assert form(office, path, part("file") + b"--b--\r\n").status == 201
    assert form(office, path, b"", boundary="b" * 71).refusal == (400, "request.malformed_multipart")


@ON_SQLITE
def test_an_id_that_is_none_is_refused_before_anything_is_read(office: Office) -> None:
    for wrong in ("x", "0", str(2**63), "1" * 30, "-1"):
        reply = office.upload(f"/orders/{wrong}/attachments", b"x")
        assert reply.refusal == (400, "request.invalid_parameters")
        assert reply["errors"][0]["parameter"] == "order_id"


def test_an_object_that_is_not_there_takes_no_file(office: Office, served: Served) -> None:
    """ERP-13: another company's object is not there; nor is an attachment below an object it does not belong to."""
    other = served.company()
    theirs = other.customer()
    made = other.upload(f"/third-parties/{theirs}/attachments", b"secret")
    mine = office.customer()
    for owner in (theirs, 999_999_999):
        assert office.upload(f"/third-parties/{owner}/attachments", b"x").refusal == (404, "not_found")
        assert office.get(f"/third-parties/{owner}/attachments").refusal == (404, "not_found")
    for path in (f"/third-parties/{mine}", f"/third-parties/{theirs}", f"/products/{theirs}"):
        one = f"{path}/attachments/{made['id']}"
        assert office.get(one).refusal == (404, "not_found")
        assert office.get(f"{one}/content").refusal == (404, "not_found")
        assert office.delete(one, 1).refusal == (404, "not_found")
    assert files_of(office) == {}
    assert len(other.get(f"/third-parties/{theirs}/attachments")["items"]) == 1


def test_attachments_go_with_master_data_and_drafts_and_stay_with_documents(office: Office) -> None:
    """What is attached to a document that is no draft any more is evidence."""
    for kind, owner in objects(office).items():
        path = f"/{kind}/{owner}/attachments"
        one = f"{path}/{office.upload(path, b'x')['id']}"
        assert office.send("DELETE", one).refusal == (428, "request.precondition_required")
        assert office.delete(one, 2).refusal == (412, "stale")
        if kind in {ObjectKind.THIRD_PARTIES, ObjectKind.PRODUCTS, ObjectKind.WAREHOUSES}:
            assert office.delete(one, 1).status == 204
            assert office.delete(one, 1).refusal == (404, "not_found")
            assert office.get(path)["items"] == []
        else:
            assert office.delete(one, 1).refusal == (409, "attachments.kept")
            assert len(office.get(path)["items"]) == 1
    path = f"{draft(office)}/attachments"
    assert office.delete(f"{path}/{office.upload(path, b'x')['id']}", 1).status == 204


def test_a_deleted_draft_takes_its_attachments_along(office: Office) -> None:
    order = office.order([{"product_id": office.product("5"), "quantity": "1"}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    invoice = office.invoice(validated=False)
    free = office.order([free_line("1")], validated=False)
    for path, version in (
        (f"/shipments/{shipment['id']}", shipment["version"]),
        (f"/invoices/{invoice['id']}", invoice["version"]),
        (f"/orders/{free['id']}", free["version"]),
    ):
        made = office.upload(f"{path}/attachments", b"x")
        assert office.delete(path, version).status == 204
        assert office.get(f"{path}/attachments/{made['id']}").refusal == (404, "not_found")
    assert rows(office, "SELECT id FROM attachments WHERE company_id = :company") == []


def test_the_same_content_many_times_is_one_file(office: Office) -> None:
    """Attached by several at once, it is there for each of them."""
    path = f"/third-parties/{office.customer()}/attachments"
    replies = together(6, lambda n: office.upload(path, PDF, f"{n}.pdf", "application/pdf"))
    assert [reply.status for reply in replies] == [201] * 6
    assert {one["name"] for one in office.get(path)["items"]} == {f"{n}.pdf" for n in range(6)}
    assert list(files_of(office).values()) == [PDF]
    for one in office.get(path)["items"]:
        assert office.get(f"{path}/{one['id']}/content").body == PDF


def test_a_repeated_upload_is_done_once(office: Office) -> None:
    """The key stands for the file: name, type and content."""
    path = f"/third-parties/{office.customer()}/attachments"
    first = office.upload(path, b"x", idempotency_key="k")
    again = office.upload(path, b"x", idempotency_key="k")
    assert again.body == first.body
    assert again.headers["idempotent-replay"] == "true"
    assert len(office.get(path)["items"]) == 1
    assert office.upload(path, b"y", idempotency_key="k").refusal == (422, "idempotency.key_reused")
    assert office.upload(path, b"x", "other.txt", idempotency_key="k").refusal == (422, "idempotency.key_reused")
    assert office.upload(path, b"x", idempotency_key="k k").refusal[0] == 400


def test_events_tell_what_came_and_went(office: Office) -> None:
    """The aggregate is the object, so that its history has them."""
    path = f"/third-parties/{office.customer()}/attachments"
    made = office.upload(path, b"x")
    office.delete(f"{path}/{made['id']}", 1)
    told = rows(office, "SELECT name, aggregate, payload FROM outbox WHERE company_id = :company ORDER BY id")
    assert [row[:2] for row in told[-2:]] == [
        ("attachments.added", "third_party"),
        ("attachments.removed", "third_party"),
    ]
    assert json.loads(told[-2][2]) == {
        "id": int(path.split("/")[2]),
        "attachment": made["id"],
        "file": "a.txt",
        "digest": made["sha256"],
    }


@ON_SQLITE
def test_there_is_an_end_to_attachments(office: Office) -> None:
    """The last one that had room, sent again under its key, is a repetition and not one too many."""
    path = f"/third-parties/{office.customer()}/attachments"
    for n in range(MOST_ATTACHMENTS - 1):
        assert office.upload(path, b"x", f"{n}.txt", idempotency_key=f"{n}").status == 201
    end = MOST_ATTACHMENTS - 1
    last = office.upload(path, b"x", f"{end}.txt", idempotency_key=f"{end}")
    assert last.status == 201
    assert office.upload(path, b"x").refusal == (409, "attachments.too_many")
    assert office.upload(path, b"x", idempotency_key="other").refusal == (409, "attachments.too_many")
    again = office.upload(path, b"x", f"{end}.txt", idempotency_key=f"{end}")
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (201, last.body, "true")
    assert len(office.get(path)["items"]) == MOST_ATTACHMENTS


class Slow:
    """An upload whose client sends the first half of its form and then waits to be let go on, or is gone."""

    def __init__(self, office: Office, path: str) -> None:
        self.app = office.served.http.app
        self.status = 0
        self.told = Event()
        self.go_on = AsyncEvent()
        self._parts: list[bytes] = [part("file")[:-4], part("file")[-4:] + b"--b--\r\n"]
        self.gone = False
        headers = {**office.headers, "content-type": "multipart/form-data; boundary=b"}
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": f"/api/v1{path}",
            "raw_path": f"/api/v1{path}".encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("test", 1),
            "app": None,
        }

    async def receive(self) -> dict[str, Any]:
        if len(self._parts) == 1:
            self.told.set()
            await self.go_on.wait()
            if self.gone:
                return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self._parts.pop(0), "more_body": bool(self._parts)}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]

    async def run(self) -> None:
        app: Any = self.app
        await app(dict(self.scope), self.receive, self.send)


@ON_SQLITE
def test_slow_clients_hold_no_thread_and_a_client_that_leaves_leaves_nothing(office: Office) -> None:
    """More uploads than there are threads wait in the middle of their bodies; everybody else is served."""
    path = f"/third-parties/{office.customer()}/attachments"
    settings = office.served.container.settings
    portal = office.served.http.portal
    assert portal is not None
    slow = [Slow(office, path) for _ in range(settings.db_pool_size + settings.db_pool_overflow + 3)]
    tasks = [portal.start_task_soon(one.run) for one in slow]
    assert all(one.told.wait(20) for one in slow)
    assert len([place for place in files_of(office) if NEW in place]) == len(slow)
    assert office.get(path)["items"] == []
    slow[0].gone = True
    for one, task in zip(slow, tasks, strict=True):
        portal.call(one.go_on.set)
        task.result(20)
    assert [one.status for one in slow] == [499, *[201] * (len(slow) - 1)]
    assert len(office.get(path)["items"]) == len(slow) - 1
    assert not [place for place in files_of(office) if NEW in place]


@ON_SQLITE
def test_an_upload_may_not_take_for_ever(database_settings: Settings) -> None:
    """ATTACHMENT_TIMEOUT_S."""
    with serving(small(database_settings, attachment_timeout_s=0.05)) as served:
        office = served.company()
        path = f"/third-parties/{office.customer()}/attachments"
        portal = served.http.portal
        assert portal is not None
        slow = Slow(office, path)
        portal.start_task_soon(slow.run).result(20)
        assert slow.status == 408
        assert files_of(office) == {}


# --- settings and faults ----------------------------------------------------------------------------------------------


def small(settings: Settings, **others: Any) -> Settings:
    return settings.model_copy(update={"attachment_limit_bytes": 200_000, "body_limit_bytes": 2048, **others})


@ON_SQLITE
def test_the_limit_of_files_is_their_own(database_settings: Settings) -> None:
    """ATTACHMENT_LIMIT_BYTES holds for files alone, BODY_LIMIT_BYTES for everything else."""
    with serving(small(database_settings)) as served:
        office = served.company()
        path = f"/third-parties/{office.customer()}/attachments"
        assert office.upload(path, b"x" * 200_000).status == 201
        assert office.upload(path, b"x" * 200_001).refusal == (413, "request.too_large")
        assert office.upload(path, b"x" * 400_000).refusal == (413, "request.too_large")
        headers = {**office.headers, "content-type": "multipart/form-data; boundary=b"}
        pieces = iter([part("file", filename="a")[:-3], *([b"x" * 60_000] * 9)])
        answer = served.http.post(f"/api/v1{path}", content=pieces, headers=headers)
        assert answer.status_code == 413
        assert office.post("/third-parties", {"name": "x" * 3000}).refusal == (413, "request.too_large")
        assert len(office.get(path)["items"]) == 1
        assert len(files_of(office)) == 1


@ON_SQLITE
def test_only_the_types_set_are_taken(database_settings: Settings) -> None:
    """ATTACHMENT_TYPES; what a file is called does not matter, what is in it does."""
    with serving(small(database_settings, attachment_types=("application/pdf",))) as served:
        office = served.company()
        path = f"/third-parties/{office.customer()}/attachments"
        assert office.upload(path, PDF[:1000], "a.txt", "text/plain")["media_type"] == "application/pdf"
        refused = office.upload(path, b"MZ\x90", "a.pdf", "application/pdf")
        assert refused.refusal == (422, "attachments.type_refused")
        assert refused["facts"] == {"type": "application/octet-stream", "allowed": ["application/pdf"]}


@ON_SQLITE
def test_a_full_disk_stores_nothing_and_says_so(database_settings: Settings) -> None:
    """507, no row, no file, and room again means service again."""
    files = MemoryFiles(space=10)
    with serving(database_settings, files=files) as served:
        office = served.company()
        path = f"/third-parties/{office.customer()}/attachments"
        assert office.upload(path, b"x" * 11).refusal == (507, "attachments.storage_full")
        assert office.get(path)["items"] == []
        assert (files.kept, files.dropped) == ({}, 1)
        files.space = 11
        assert office.upload(path, b"x" * 11).status == 201


@ON_SQLITE
def test_a_file_that_is_gone_is_no_fault_of_the_reader(office: Office) -> None:
    path = f"/third-parties/{office.customer()}/attachments"
    made = office.upload(path, b"x")
    settings = office.served.container.settings
    (settings.data_dir / "files" / str(office.company) / made["sha256"][:2] / made["sha256"]).unlink()
    assert office.get(f"{path}/{made['id']}/content").refusal == (503, "attachments.missing")


@ON_SQLITE
def test_a_refused_upload_leaves_nothing_on_its_way(office: Office) -> None:
    path = f"/third-parties/{office.customer()}/attachments"
    assert office.upload(path, b"").status == 422
    assert not [place for place in files_of(office) if NEW in place]


@ON_SQLITE
def test_an_upload_takes_the_statements_it_needs(office: Office) -> None:
    path = f"/third-parties/{office.customer()}/attachments"
    with tracing(office.served.container.database) as traces:
        office.upload(path, b"x")
    assert statements(traces) == [
        "select third_parties.id",
        "count attachments",
        "select third_parties.id",
        "count attachments",
        "insert attachments",
        "insert outbox[1]",
    ]


@ON_SQLITE
def test_a_sweep_keeps_what_attachments_refer_to(office: Office, tmp_path: Path) -> None:
    """Files of attachments stay however old; what a failed upload left goes after a day."""
    container = office.served.container
    path = f"/third-parties/{office.customer()}/attachments"
    kept, gone = office.upload(path, b"kept"), office.upload(path, b"gone")
    office.delete(f"{path}/{gone['id']}", 1)
    files = FolderFiles(container.settings.data_dir / "files")
    container.sweep_files()
    assert len(files_of(office)) == 2  # both are of today
    for place in files_of(office):
        age(container.settings.data_dir / "files" / str(office.company) / place)
    assert container.sweep_files() >= 1
    assert list(files_of(office).values()) == [b"kept"]
    assert b"".join(files.read(CompanyId(office.company), kept["sha256"])) == b"kept"


def age(path: Path) -> None:
    """Make a file two days old."""
    then = path.stat().st_mtime - 2 * 86_400
    os.utime(path, (then, then))


def test_the_command_line_sweeps_files_of_no_attachment(tmp_path: Path) -> None:
    """What a failed upload left is gone after a day; `tramita files sweep` is for a timer."""
    assert program("demo", data=tmp_path).returncode == 0
    files = FolderFiles(tmp_path / "files")
    staged = files.stage(CompanyId(1))
    staged.write(b"left")
    digest, _ = staged.seal()
    staged.keep()
    assert program("files", "sweep", data=tmp_path).stdout == "0 files removed\n"
    age(tmp_path / "files" / "1" / digest[:2] / digest)
    assert program("files", "sweep", data=tmp_path).stdout == "1 files removed\n"
