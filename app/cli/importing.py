"""Import files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.shared import chosen_company, fail, opened, out, progress_bar, spoken
from app.importer.files import ImportOptions, ImportReport, import_file


def import_(
    kind: Annotated[str, typer.Argument(help="third-parties, products, stock or orders")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX file")],
    mapping: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="TOML file that maps columns to fields")],
    company: Annotated[int | None, typer.Option(help="Company id; default the only one")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, store nothing")] = False,  # noqa: FBT002
    again: Annotated[bool, typer.Option("--again", help="Also rows an earlier run has done")] = False,  # noqa: FBT002
    errors: Annotated[Path | None, typer.Option(help="CSV file for what was refused; default FILE.errors.csv")] = None,
) -> None:
    """Import a file, row by row or document by document; what is refused goes to the errors file, exit 1."""
    with opened() as container:
        chosen = chosen_company(container, company)
        options = ImportOptions(
            dry_run=dry_run, again=again, errors=errors or file.with_name(f"{file.name}.errors.csv")
        )
        with progress_bar() as advance:
            report = import_file(container.desk(chosen, spoken()), kind, file, mapping, options, advance)
        show_report(report, options)


def show_report(report: ImportReport, options: ImportOptions) -> None:
    """Print what an import did and exit 1 when something was refused."""
    out.print(report.summary())
    if report.refused:
        fail(f"{report.refused} refused, see {options.errors}")
