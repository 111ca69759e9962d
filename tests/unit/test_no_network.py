"""Unit tests have no network."""

from __future__ import annotations

import socket

import pytest

pytestmark = pytest.mark.fast


def test_a_unit_test_cannot_connect_to_anything() -> None:
    with socket.socket() as probe:
        with pytest.raises(RuntimeError, match="unit test connects"):
            probe.connect(("127.0.0.1", 9))
        with pytest.raises(RuntimeError, match="unit test connects"):
            probe.connect_ex(("127.0.0.1", 9))
