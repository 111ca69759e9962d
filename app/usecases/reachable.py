"""Every use case that is reachable from outside, made of what they all need."""

from __future__ import annotations

from typing import Any

from app.usecases import (
    banking,
    billing,
    catalogue,
    chains,
    fields,
    identity,
    jobs,
    journal,
    mail,
    parties,
    privacy,
    processes,
    reports,
    sales,
    shipping,
    stock,
)
from app.usecases.ports.banking import SepaFiles
from app.usecases.ports.shared import Clock, Seal
from app.usecases.ports.workflows import Executions, Language, Runs
from app.usecases.shared import Numbering

Cases = tuple[Any, ...]


def _identity(clock: Clock) -> Cases:
    """Give those of people and companies."""
    return (
        identity.CreateUser(),
        identity.ReadUser(),
        identity.ChangeUser(clock),
        identity.RemoveUser(clock),
        identity.ListUsers(),
        identity.CreateRole(),
        identity.ReadRole(),
        identity.ChangeRole(),
        identity.DeleteRole(),
        identity.ListRoles(),
        identity.ReadCompany(),
        identity.ChangeCompany(),
        identity.ChangeSettings(clock),
        identity.ListSettingsVersions(),
    )


def _parties(clock: Clock, numbering: Numbering) -> Cases:
    """Give those of third parties."""
    return (
        parties.CreateParty(clock, numbering),
        parties.ReadParty(),
        parties.ChangeParty(clock, numbering),
        parties.ListParties(),
        parties.ListRepresentatives(),
        parties.ReadOutstanding(clock),
        parties.MergeParty(clock, numbering),
        parties.CreateTerms(),
        parties.ReadTerms(),
        parties.ChangeTerms(),
        parties.ListTerms(),
        parties.AddContact(),
        parties.ListPartyContacts(),
        parties.ReadContact(),
        parties.ChangeContact(),
        parties.RemoveContact(),
        parties.ListContacts(),
        parties.AddAddress(),
        parties.ListAddresses(),
        parties.ReadAddress(),
        parties.ChangeAddress(),
        parties.RemoveAddress(),
        parties.AddBankAccount(),
        parties.ListBankAccounts(),
        parties.ReadBankAccount(),
        parties.ChangeBankAccount(),
        parties.RemoveBankAccount(),
    )


def _catalogue(clock: Clock) -> Cases:
    """Give those of the catalogue."""
    return (
        catalogue.CreateProduct(clock),
        catalogue.ReadProduct(),
        catalogue.ChangeProduct(clock),
        catalogue.ListProducts(),
        *catalogue.record_cases(),
        catalogue.FindPrice(clock),
    )


def _stock(clock: Clock, numbering: Numbering) -> Cases:
    """Give those of stock."""
    return (
        stock.MoveStock(clock),
        stock.CreateWarehouse(),
        stock.ReadWarehouse(),
        stock.ChangeWarehouse(),
        stock.ListWarehouses(),
        stock.ListMovements(),
        stock.ListLevels(),
        stock.TransferStock(clock, numbering),
        stock.ReadTransfer(),
        stock.ListTransfers(),
        stock.CreateLot(),
        stock.ReadLot(),
        stock.ChangeLot(),
        stock.ListLots(),
        stock.ListLotLevels(),
        stock.ListLotMovements(),
        stock.TraceLot(),
        stock.ListShipmentLots(),
        stock.CreateLocation(),
        stock.ReadLocation(),
        stock.ChangeLocation(),
        stock.PlaceProducts(),
        stock.ListLocations(),
        stock.ListPlaces(),
        stock.CreateStockRule(),
        stock.ReadStockRule(),
        stock.ChangeStockRule(),
        stock.DeleteStockRule(),
        stock.ListStockRules(),
        stock.CreateInventory(clock),
        stock.ReadInventory(),
        stock.OpenInventory(numbering),
        stock.CountInventory(clock),
        stock.PostInventory(clock),
        stock.CancelInventory(),
        stock.ListInventories(),
        stock.ListSheets(),
        stock.ListCounts(),
        stock.StockValueReport(clock),
        stock.StockToOrder(),
    )


def _sales(clock: Clock, numbering: Numbering) -> Cases:
    """Give those of proposals and orders."""
    return (
        sales.CreateProposal(clock),
        sales.ReadProposal(),
        sales.ChangeProposal(),
        sales.DeleteProposal(),
        sales.ValidateProposal(numbering, clock),
        sales.SignProposal(clock),
        sales.RefuseProposal(),
        sales.ExpireProposal(clock),
        sales.ReopenProposal(clock),
        sales.CancelProposal(),
        sales.BillProposal(),
        sales.ReviseProposal(clock),
        sales.CopyProposal(clock),
        sales.OrderProposal(clock),
        sales.ListProposals(),
        sales.CreateOrder(clock),
        sales.ReadOrder(),
        sales.ChangeOrder(clock),
        sales.DeleteOrder(),
        sales.ValidateOrder(numbering),
        sales.CancelOrder(),
        sales.CloseOrderShort(),
        sales.ReopenOrder(clock),
        sales.RedraftOrder(),
        sales.BillOrder(),
        sales.UnbillOrder(),
        sales.AmendOrder(clock),
        sales.ListOrderRevisions(),
        sales.CloseOrder(),
        sales.ListOrders(),
    )


def _billing(clock: Clock, numbering: Numbering) -> Cases:
    """Give those of invoices and payments."""
    return (
        billing.InvoiceProposal(clock),
        billing.CreateInvoice(clock),
        billing.InvoiceOrder(clock),
        billing.ReadInvoice(),
        billing.ReadInstalments(),
        billing.ChangeInvoice(),
        billing.DeleteInvoice(),
        billing.ValidateInvoice(numbering),
        billing.AbandonInvoice(),
        billing.CloseInvoice(),
        billing.ReopenInvoice(),
        billing.CreditInvoice(clock),
        billing.ChargeDeposit(clock),
        billing.DeductDeposit(),
        billing.ReplaceInvoice(clock),
        billing.InvoiceProForma(clock),
        billing.ReadLateFee(clock),
        billing.ChargeLateFee(clock),
        billing.CreateInvoiceTemplate(),
        billing.ReadInvoiceTemplate(),
        billing.ChangeInvoiceTemplate(),
        billing.DeleteInvoiceTemplate(),
        billing.PauseInvoiceTemplate(),
        billing.ResumeInvoiceTemplate(),
        billing.RunInvoiceTemplate(clock, numbering),
        billing.ListInvoiceTemplates(),
        billing.ListInvoices(),
        billing.PayInvoice(clock, numbering),
        billing.CreatePayment(clock, numbering),
        billing.ReversePayment(clock, numbering),
        billing.ReadPayment(),
        billing.ReadCredits(),
        billing.WriteOffInvoice(clock),
        billing.ListPayments(),
    )


def _shipping(clock: Clock, numbering: Numbering) -> Cases:
    """Give those of shipments and returns."""
    return (
        shipping.CreateShipment(clock),
        shipping.ReadShipment(),
        shipping.ChangeShipment(),
        shipping.DeleteShipment(),
        shipping.ValidateShipment(clock, numbering),
        shipping.CloseShipment(clock),
        shipping.CancelShipment(clock),
        shipping.ListShipments(),
        shipping.ReturnShipment(clock),
        shipping.CreateReturn(clock),
        shipping.ReadReturn(),
        shipping.DeleteReturn(),
        shipping.ValidateReturn(clock, numbering),
        shipping.CloseReturn(),
        shipping.CancelReturn(clock),
        shipping.ListReturns(),
        shipping.CreateCarrier(),
        shipping.ReadCarrier(),
        shipping.ChangeCarrier(),
        shipping.ListCarriers(),
    )


def _banking(clock: Clock, numbering: Numbering, sepa: SepaFiles) -> Cases:
    """Give those of bank accounts and orders."""
    return (
        banking.CreateBankAccount(),
        banking.ReadBankAccount(),
        banking.ChangeBankAccount(),
        banking.ListBankAccounts(),
        banking.CreateChequeDeposit(clock, numbering),
        banking.ReadChequeDeposit(),
        banking.ListChequeDeposits(),
        banking.CreateSepaOrder(),
        banking.ReadSepaOrder(),
        banking.GenerateSepaOrder(clock),
        banking.ReadSepaFile(sepa),
        banking.SettleSepaOrder(clock, numbering),
        banking.CancelSepaOrder(),
        banking.ListSepaOrders(),
    )


def _mail(clock: Clock) -> Cases:
    """Give those of mails."""
    return (
        mail.SendDocument(clock),
        mail.ReadMail(),
        mail.ListMails(),
        mail.ResendMail(),
        mail.CancelMail(),
    )


def _books(clock: Clock, seal: Seal) -> Cases:
    """Give those of reports, chains, privacy, custom fields, the journal and jobs."""
    return (
        reports.SalesReport(),
        reports.VatReport(),
        reports.AgeReceivables(clock),
        reports.ListUnpaid(clock),
        reports.Statement(),
        chains.ListHeads(),
        chains.VerifyChains(seal),
        privacy.AnonymiseParty(clock),
        fields.DefineField(),
        fields.ReadField(),
        fields.ChangeField(),
        fields.DeleteField(),
        fields.ListFields(),
        journal.ReadChanges(),
        journal.ListAudit(),
        journal.ListObjectAudit(),
        jobs.ListJobs(),
        jobs.ReadJob(),
        jobs.CountJobs(),
        jobs.RetryJob(clock),
        jobs.CancelJob(clock, {mail.SEND_MAIL: mail.GiveUpMail(clock)}),
    )


def use_cases(clock: Clock, seal: Seal, sepa: SepaFiles) -> dict[type[Any], Any]:
    """Give each by its class."""
    numbering = Numbering(clock, seal)
    cases: Cases = (
        *_identity(clock),
        *_parties(clock, numbering),
        *_catalogue(clock),
        *_stock(clock, numbering),
        *_sales(clock, numbering),
        *_billing(clock, numbering),
        *_shipping(clock, numbering),
        *_banking(clock, numbering, sepa),
        *_mail(clock),
        *_books(clock, seal),
    )
    return {type(case): case for case in cases}


def workflow_cases(
    clock: Clock, language: Language, executions: Executions, runs: Runs, names: processes.Names
) -> dict[type[Any], Any]:
    """Give those of workflows and their executions, by class."""
    cases: Cases = (
        processes.ListWorkflows(),
        processes.JudgeWorkflow(language),
        processes.CreateWorkflow(clock, language),
        processes.ReadWorkflow(),
        processes.ChangeWorkflow(clock, language, names),
        processes.DeleteWorkflow(executions),
        processes.PublishWorkflow(clock, language),
        processes.ListWorkflowVersions(),
        processes.DeleteWorkflowVersion(),
        processes.ListWorkflowAliases(),
        processes.SetAlias(clock),
        processes.RollBackAlias(clock),
        processes.DeleteWorkflowAlias(),
        processes.DrawWorkflow(runs),
        processes.MeasureStates(runs),
        processes.ListRuns(),
        processes.StartRun(executions),
        processes.ReadRun(runs),
        processes.FollowRun(runs),
        processes.ReadRunHistory(runs),
        processes.ReadTimeline(runs),
        processes.DrawRun(runs),
        processes.StopRun(runs),
        processes.RedriveRun(runs),
        processes.RetryRun(runs, language),
        processes.MigrateRun(runs),
        processes.TellRun(runs),
        processes.SendMessage(runs),
        processes.FindStuck(runs),
        processes.MeasureRuns(),
    )
    return {type(case): case for case in cases}
