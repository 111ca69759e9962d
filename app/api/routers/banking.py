"""Bank accounts of the company, slips of cheques and orders to banks."""

from typing import Annotated

from fastapi import Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, router
from app.api.schemas.banking import (
    ChequeDepositIn,
    ChequeDepositOut,
    OwnAccountChange,
    OwnAccountIn,
    OwnAccountOut,
    SepaOrderIn,
    SepaOrderOut,
    SepaSettlementIn,
)
from app.api.schemas.shared import PathId
from app.api.uploads import FileRun, gives_file, provide_file
from app.domain.shared.ids import BankAccountId, ChequeDepositId, SepaOrderId
from app.usecases.banking import (
    CancelSepaOrder,
    ChangeBankAccount,
    CreateBankAccount,
    CreateChequeDeposit,
    CreateSepaOrder,
    GenerateSepaOrder,
    ListBankAccounts,
    ListChequeDeposits,
    ListSepaOrders,
    ReadBankAccount,
    ReadChequeDeposit,
    ReadSepaFile,
    ReadSepaOrder,
    SettleSepaOrder,
)

routes = router("banking")


@routes.post("/bank-accounts", **gives(OwnAccountOut, 201))
def create_bank_account(body: OwnAccountIn, run: Annotated[Run, provide(CreateBankAccount)]) -> Response:
    """Enter a bank account of the company."""
    return run(build=body.to_domain, present=OwnAccountOut.of)


@routes.get("/bank-accounts")
def list_bank_accounts(run: Annotated[ListRun, provide_list(ListBankAccounts)]) -> Response:
    """List bank accounts."""
    return run()


@routes.get("/bank-accounts/{bank_account_id}", **gives(OwnAccountOut))
def read_bank_account(bank_account_id: PathId, run: Annotated[Run, provide(ReadBankAccount)]) -> Response:
    """Show one bank account."""
    return run(build=lambda: BankAccountId(bank_account_id), present=OwnAccountOut.of)


@routes.patch("/bank-accounts/{bank_account_id}", **gives(OwnAccountOut))
def change_bank_account(
    bank_account_id: PathId, version: IfMatch, body: OwnAccountChange, run: Annotated[Run, provide(ChangeBankAccount)]
) -> Response:
    """Change the fields sent of a bank account."""
    return run(build=lambda: body.to_domain(bank_account_id, version), present=OwnAccountOut.of)


@routes.post("/cheque-deposits", **gives(ChequeDepositOut, 201))
def create_cheque_deposit(body: ChequeDepositIn, run: Annotated[Run, provide(CreateChequeDeposit)]) -> Response:
    """Take received cheques to the bank on a slip."""
    run.limit(body.payments, "payments")
    return run(build=body.to_domain, present=ChequeDepositOut.of)


@routes.get("/cheque-deposits")
def list_cheque_deposits(run: Annotated[ListRun, provide_list(ListChequeDeposits)]) -> Response:
    """List slips of cheques, newest first."""
    return run()


@routes.get("/cheque-deposits/{deposit_id}", **gives(ChequeDepositOut))
def read_cheque_deposit(deposit_id: PathId, run: Annotated[Run, provide(ReadChequeDeposit)]) -> Response:
    """Show one slip of cheques."""
    return run(build=lambda: ChequeDepositId(deposit_id), present=ChequeDepositOut.of)


@routes.post("/sepa-orders", **gives(SepaOrderOut, 201))
def create_sepa_order(body: SepaOrderIn, run: Annotated[Run, provide(CreateSepaOrder)]) -> Response:
    """Enter an order to the bank as a draft."""
    run.limit(body.lines)
    return run(build=body.to_domain, present=SepaOrderOut.of)


@routes.get("/sepa-orders")
def list_sepa_orders(run: Annotated[ListRun, provide_list(ListSepaOrders)]) -> Response:
    """List orders to the bank, newest first."""
    return run()


@routes.get("/sepa-orders/{sepa_order_id}", **gives(SepaOrderOut))
def read_sepa_order(sepa_order_id: PathId, run: Annotated[Run, provide(ReadSepaOrder)]) -> Response:
    """Show one order to the bank."""
    return run(build=lambda: SepaOrderId(sepa_order_id), present=SepaOrderOut.of)


@routes.post("/sepa-orders/{sepa_order_id}/generate", **gives(SepaOrderOut))
def generate_sepa_order(sepa_order_id: PathId, run: Annotated[Run, provide(GenerateSepaOrder)]) -> Response:
    """Make an order's file."""
    return run(build=lambda: SepaOrderId(sepa_order_id), present=SepaOrderOut.of)


@routes.get("/sepa-orders/{sepa_order_id}/file", **gives_file("application/xml", "The file for the bank"))
def download_sepa_file(sepa_order_id: PathId, run: Annotated[FileRun, provide_file(ReadSepaFile)]) -> Response:
    """Give an order's file for the bank, always the same."""
    return run.send(lambda: SepaOrderId(sepa_order_id), "application/xml")


@routes.post("/sepa-orders/{sepa_order_id}/settle", **gives(SepaOrderOut))
def settle_sepa_order(
    sepa_order_id: PathId, body: SepaSettlementIn, run: Annotated[Run, provide(SettleSepaOrder)]
) -> Response:
    """Enter the payments of an order that the bank has carried out."""
    return run(build=lambda: body.to_domain(sepa_order_id), present=SepaOrderOut.of)


@routes.post("/sepa-orders/{sepa_order_id}/cancel", **gives(SepaOrderOut))
def cancel_sepa_order(sepa_order_id: PathId, run: Annotated[Run, provide(CancelSepaOrder)]) -> Response:
    """Give an order up; its invoices are free for another."""
    return run(build=lambda: SepaOrderId(sepa_order_id), present=SepaOrderOut.of)
