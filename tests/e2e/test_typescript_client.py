"""A TypeScript client generated from the served OpenAPI document, unchanged, takes an order to cash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from house.node import FOLDER
from tests.support.api import described
from tests.support.node import project, run_node, run_package
from tests.support.served import served_demo

# Each is something a client may get wrong, and the error of the compiler that says so.
SLIPS: Final = {
    '{ note: "bitte klingeln" }': ('{ notes: "bitte klingeln" }', "TS2561"),
    'quantity: "4", discount': ('quantity: "4", discountt', "TS2561"),
    'quantity: "10", unit_cost': ("quantity: true, unit_cost", "TS2322"),
    'kind: "receive", ': ('kind: "give", ', "TS2322"),
    'header: { "If-Match": `"${made.version}"` }': ("header: {}", "TS2322"),
    "due.due": ("due.outstanding", "TS2339"),
    "/api/v1/orders/{order_id}/validate": ("/api/v1/orders/{order_id}/confirm", "TS2345"),
}


def generate(folder: Path, source: str) -> None:
    """Write ``schema.d.ts`` from the document at ``source``."""
    made = run_package(
        "openapi-typescript", source, "--output", "schema.d.ts", "--default-non-nullable", "false", folder=folder
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "warn" not in (made.stdout + made.stderr).lower()


@pytest.mark.full
def test_a_generated_client_compiles_strictly_and_takes_an_order_to_cash(tmp_path: Path) -> None:
    """Design 4: signs in, sells, ships, invoices, is paid, reads problems by their codes and pages to their end."""
    folder = project(tmp_path / "shop")
    with served_demo(tmp_path / "data") as server:
        generate(folder, f"{server.url}/openapi.json")
        compiled = run_package("tsc", "--project", ".", folder=folder)
        assert compiled.returncode == 0, compiled.stdout
        toured = run_node("client.ts", server.url, server.email, server.password, folder=folder)
    assert toured.returncode == 0, toured.stdout + toured.stderr
    assert toured.stdout.split() == ["paid", "53.55"]  # 4 x 12.50 - 10 %, and 19 % VAT


@pytest.mark.full
def test_what_the_api_does_not_know_does_not_compile(tmp_path: Path) -> None:
    """Each slip is found, at its line, before anything runs."""
    folder = project(tmp_path / "shop")
    (folder / "openapi.json").write_text(json.dumps(described().openapi()), encoding="utf-8")
    generate(folder, "openapi.json")
    right = (FOLDER / "client.ts").read_text(encoding="utf-8")
    names = []
    for number, (written, (slip, _)) in enumerate(SLIPS.items()):
        assert right.count(written) == 1, written
        names.append(f"slip{number}.ts")
        (folder / names[-1]).write_text(right.replace(written, slip), encoding="utf-8")
    settings = json.loads((folder / "tsconfig.json").read_text(encoding="utf-8")) | {"files": names}
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    compiled = run_package("tsc", "--project", ".", "--pretty", "false", folder=folder)
    assert compiled.returncode != 0
    for name, (written, (_, error)) in zip(names, SLIPS.items(), strict=True):
        line = right[: right.index(written)].count("\n") + 1
        found = [one for one in compiled.stdout.splitlines() if one.startswith(f"{name}(") and error in one]
        assert any(0 <= int(one.split("(")[1].split(",")[0]) - line <= 3 for one in found), compiled.stdout
