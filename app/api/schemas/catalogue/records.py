"""What schemas of the catalogue share."""

from decimal import Decimal
from typing import Any, Final

from app.domain.shared.dates import Day
from app.domain.shared.money import plain

SOME_DAY: Final = Day.min
"""Never used: a change holds only the fields that were sent."""


def shown(record: object, names: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of a schema
    """Give the fields of a record as JSON has them: numbers without needless zeros."""
    values = {name: getattr(record, name) for name in names}
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def given(body: Any) -> dict[str, Any]:  # noqa: ANN401 - a schema
    """Give the fields of a body by name."""
    return {name: getattr(body, name) for name in type(body).model_fields}
