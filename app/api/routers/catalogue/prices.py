"""Price lists and prices."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import Query, Response

from app.api.listing import ListRun, provide_list
from app.api.provide import IfMatch, Run, provide
from app.api.route import API, gives, problem_answers, router
from app.api.schemas.catalogue.prices import (
    ListPriceIn,
    PartyPriceIn,
    PriceChange,
    PriceListChange,
    PriceListIn,
    PriceListOut,
    PriceOut,
    QuotedOut,
)
from app.api.schemas.shared import LARGEST_ID, Day, PathId
from app.domain.shared.ids import PartyId, ProductId
from app.domain.shared.money import quantity as checked
from app.domain.shared.money import rate as rated
from app.usecases.catalogue import (
    ChangePrice,
    ChangePriceList,
    CreatePrice,
    CreatePriceList,
    DeletePrice,
    DeletePriceList,
    Enquiry,
    FindPrice,
    ListListPrices,
    ListPartyPrices,
    ListPriceLists,
    ReadPrice,
    ReadPriceList,
)
from app.usecases.shared import Versioned

routes = router("catalogue")
PRICE: Final = f"{API}/prices/{{id}}"
_QUOTED: Final = gives(QuotedOut)
_QUOTED["responses"] = {**_QUOTED["responses"], **problem_answers(409)}
Party = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Id of the customer; left out: nobody's prices")]
Wanted = Annotated[
    str, Query(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$", description="Quantity in stock units; left out: 1")
]
On = Annotated[Day | None, Query(description="Day; left out: today")]
Money = Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="ISO 4217 code; left out: the company's")]
Exchange = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,10}(\.[0-9]{1,8})?$", description="Company's currency per unit of a foreign currency"),
]


@routes.post("/price-lists", **gives(PriceListOut, 201))
def create_price_list(body: PriceListIn, run: Annotated[Run, provide(CreatePriceList)]) -> Response:
    """Enter a price list."""
    return run(build=body.to_domain, present=PriceListOut.of)


@routes.get("/price-lists")
def list_price_lists(run: Annotated[ListRun, provide_list(ListPriceLists)]) -> Response:
    """List price lists."""
    return run()


@routes.get("/price-lists/{price_list_id}", **gives(PriceListOut))
def read_price_list(price_list_id: PathId, run: Annotated[Run, provide(ReadPriceList)]) -> Response:
    """Show one price list."""
    return run(build=lambda: price_list_id, present=PriceListOut.of)


@routes.patch("/price-lists/{price_list_id}", **gives(PriceListOut))
def change_price_list(
    price_list_id: PathId, version: IfMatch, body: PriceListChange, run: Annotated[Run, provide(ChangePriceList)]
) -> Response:
    """Change the fields sent of a price list."""
    return run(build=lambda: body.to_domain(price_list_id, version), present=PriceListOut.of)


@routes.delete("/price-lists/{price_list_id}", **gives())
def delete_price_list(
    price_list_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeletePriceList)]
) -> Response:
    """Delete a price list that nothing refers to."""
    return run(build=lambda: Versioned(id=price_list_id, version=version), present=lambda _: None)


@routes.post("/price-lists/{price_list_id}/prices", **gives(PriceOut, 201))
def create_list_price(price_list_id: PathId, body: ListPriceIn, run: Annotated[Run, provide(CreatePrice)]) -> Response:
    """Enter a price on a list."""
    return run(build=lambda: body.to_domain(price_list_id), present=PriceOut.of, location=PRICE)


@routes.get("/price-lists/{price_list_id}/prices")
def list_list_prices(price_list_id: PathId, run: Annotated[ListRun, provide_list(ListListPrices)]) -> Response:
    """List the prices of a list."""
    return run.within(price_list_id=price_list_id)()


@routes.post("/third-parties/{party_id}/prices", **gives(PriceOut, 201))
def create_party_price(party_id: PathId, body: PartyPriceIn, run: Annotated[Run, provide(CreatePrice)]) -> Response:
    """Enter a price agreed with a customer."""
    currency = run.context.settings.currency.code
    return run(build=lambda: body.to_party(party_id, currency), present=PriceOut.of, location=PRICE)


@routes.get("/third-parties/{party_id}/prices")
def list_party_prices(party_id: PathId, run: Annotated[ListRun, provide_list(ListPartyPrices)]) -> Response:
    """List the prices agreed with a customer."""
    return run.within(party_id=party_id)()


@routes.get("/prices/{price_id}", **gives(PriceOut))
def read_price(price_id: PathId, run: Annotated[Run, provide(ReadPrice)]) -> Response:
    """Show one price."""
    return run(build=lambda: price_id, present=PriceOut.of)


@routes.patch("/prices/{price_id}", **gives(PriceOut))
def change_price(
    price_id: PathId, version: IfMatch, body: PriceChange, run: Annotated[Run, provide(ChangePrice)]
) -> Response:
    """Change the fields sent of a price."""
    return run(build=lambda: body.to_domain(price_id, version), present=PriceOut.of)


@routes.delete("/prices/{price_id}", **gives())
def delete_price(price_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeletePrice)]) -> Response:
    """Delete a price."""
    return run(build=lambda: Versioned(id=price_id, version=version), present=lambda _: None)


@routes.get("/products/{product_id}/price", **_QUOTED)
def find_price(
    product_id: PathId,
    run: Annotated[Run, provide(FindPrice)],
    party_id: Party = None,
    quantity: Wanted = "1",
    on: On = None,
    currency: Money = None,
    rate: Exchange = None,
) -> Response:
    """Show what a customer would pay for so much of a product, and why."""
    return run(
        build=lambda: Enquiry(
            product_id=ProductId(product_id),
            party_id=None if party_id is None else PartyId(party_id),
            quantity=checked(Decimal(quantity)),
            on=on,
            currency=currency,
            rate=None if rate is None else rated(Decimal(rate)),
        ),
        present=QuotedOut.of,
    )
