"""A client generated from our OpenAPI document, unchanged, does the tour."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import program, served_demo

pytestmark = pytest.mark.full

# The generator knows JSON and plain bytes: other files are bytes to its clients, as docs/api.md says.
AS_BYTES = ("application/xml", "application/pdf", "image/png")
OVERRIDES = "".join(f"  {media}: application/octet-stream\n" for media in AS_BYTES)
CONFIG = f"post_hooks: []\ncontent_type_overrides:\n{OVERRIDES}"
# Run in a process of its own: what is generated is an outside program to us.
TOUR = """
import sys
from shop import AuthenticatedClient, Client
from shop.api.identity import sign_in
from shop.api.invoices import invoice_order, pay_invoice, read_invoice, validate_invoice
from shop.api.orders import create_order, list_orders, validate_order
from shop.api.products import list_products
from shop.api.shipments import close_shipment, create_shipment, validate_shipment
from shop.models import CredentialsIn, InvoicePaymentIn, LineIn, ListOrdersStatus, OrderIn, OrderInvoiceIn, ShipmentIn

url, email, password = sys.argv[1:]
token = sign_in.sync(client=Client(base_url=url), body=CredentialsIn(email=email, password=password))
client = AuthenticatedClient(base_url=url, token=token.access_token)
product = list_products.sync(client=client, sort="-unit_price", limit=1).items[0]
lines = [LineIn(product_id=product.id, quantity="2", discount="5")]
order = create_order.sync(client=client, body=OrderIn(party_id=1, lines=lines), idempotency_key="generated-1")
again = create_order.sync(client=client, body=OrderIn(party_id=1, lines=lines), idempotency_key="generated-1")
assert again == order
order = validate_order.sync(order.id, client=client)
shipment = create_shipment.sync(order.id, client=client, body=ShipmentIn())
validate_shipment.sync(shipment.id, client=client)
close_shipment.sync(shipment.id, client=client)
invoice = invoice_order.sync(order.id, client=client, body=OrderInvoiceIn())
invoice = validate_invoice.sync(invoice.id, client=client)
pay_invoice.sync(invoice.id, client=client, body=InvoicePaymentIn(amount=invoice.due))
invoice = read_invoice.sync(invoice.id, client=client)
assert len(list_orders.sync(client=client, status=ListOrdersStatus.DELIVERED).items) == 1
print(invoice.status.value, invoice.total_gross)
"""


def run(*command: Any, folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(list(command), cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_a_generated_client_takes_an_order_to_a_paid_invoice(tmp_path: Path) -> None:
    """ERP-01: the generator leaves nothing out, and what it made works against the server."""
    data = tmp_path / "data"
    with served_demo(data) as server:
        described = program("openapi", "--output", str(tmp_path / "openapi.json"), data=data)
        assert described.returncode == 0, described.stderr
        (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
        generated = run(
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json"),
            *("--meta", "none", "--output-path", "shop", "--config", "config.yml"),
            folder=tmp_path,
        )
        assert "arning" not in generated.stdout + generated.stderr
        toured = run(sys.executable, "-c", TOUR, server.url, server.email, server.password, folder=tmp_path)
    assert toured.stdout.split() == ["paid", "886.92"]
