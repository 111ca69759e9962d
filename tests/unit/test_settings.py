"""Settings that are given blank, as an environment file with every name in it gives them; what follows from others."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("name", ["files_dir", "heads_dir"])
@pytest.mark.parametrize(("given", "taken"), [("", None), ("  ", None), ("kept", Path("kept"))])
def test_a_blank_folder_is_none_and_never_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, taken: Path | None
) -> None:
    monkeypatch.setenv(name.upper(), given)
    assert getattr(Settings(_env_file=None), name) == taken


@pytest.mark.parametrize(
    ("port", "workers", "ports"),
    [(0, 4, []), (9464, 1, [9464]), (9464, 3, [9464, 9465, 9466, 9467]), (65535, 4, [65535])],
)
def test_each_process_of_a_server_has_a_port_for_its_figures_when_they_are_wanted(
    port: int, workers: int, ports: list[int]
) -> None:
    """ERP-14: 0 is off, one more does jobs beside several, and there is no port past the last."""
    assert list(Settings(metrics_port=port, workers=workers).metrics_ports()) == ports


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("TRACING=on", 1),
        ("TRACING=off", 0),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", 1),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=", 0),
        ("OTEL_SERVICE_NAME=books", 0),
    ],
)
def test_traces_are_wanted_by_our_word_or_the_standard_s(
    monkeypatch: pytest.MonkeyPatch, given: str, wanted: int
) -> None:
    name, _, value = given.partition("=")
    monkeypatch.setenv(name, value)
    assert Settings().traces() == bool(wanted)
