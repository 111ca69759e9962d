"""What the steps of executions start: machines of their own company, by the ARNs of AWS."""

from __future__ import annotations

from functools import partial

from app.domain.processes import MachineKind, account_of, version_number
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.repositories.processes import ALIASES, BY_NAME, VERSION, alias_of, machine_of
from app.infrastructure.processes.definitions import Definitions, chance
from app.infrastructure.processes.principals import inherited
from app.workflow.asl.nested import Found, arn_parts


class Callees:
    """Finds the machine, version or alias that an ARN of the company's names, whatever its region."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def find(self, namespace: str, arn: str) -> Found | None:
        """Give it with the revision to start; None when there is none, or it is another company's."""
        parts = arn_parts(arn)
        if parts is None or parts[1] != account_of(CompanyId(int(namespace))):
            return None
        *_, name, qualifier = parts
        rows = self._definitions.ask(BY_NAME, namespace, the_name=name)
        if not rows:
            return None
        machine = machine_of(rows[0])
        alias, number = self._chosen(namespace, machine.id, qualifier)
        revision = machine.revision if not qualifier else self._published(namespace, machine.id, number)
        if revision is None:
            return None
        express = machine.kind is MachineKind.EXPRESS
        return Found(name, revision, express, partial(inherited, alias=alias, version=number))

    def _chosen(self, namespace: str, machine: int, qualifier: str) -> tuple[str, int]:
        """Give alias and version that a qualifier means, 0 for none."""
        number = version_number(qualifier)
        if not qualifier or number is not None:
            return "", number or 0
        rows = self._definitions.ask(ALIASES, namespace, the_state_machine_id=machine)
        aliases = {one.name: one for one in map(alias_of, rows)}
        if qualifier not in aliases:
            return "", 0
        return qualifier, aliases[qualifier].version_at(chance())

    def _published(self, namespace: str, machine: int, number: int) -> int | None:
        rows = self._definitions.ask(VERSION, namespace, the_state_machine_id=machine, the_number=number)
        return int(rows[0][1]) if rows else None
