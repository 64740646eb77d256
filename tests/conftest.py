"""Fixtures for all tests; `make test` has built the images before pytest starts."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kinglet as kinglet_module  # noqa: E402


@pytest.fixture
def kinglet(request):
    """Boots guests for this test and ends them with it."""
    guests = kinglet_module.Kinglet(request.node.nodeid.removeprefix("tests/"))
    yield guests
    guests.stop_all()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed check on a guest's output is reported along with that output."""
    report = (yield).get_result()
    guests = getattr(item, "funcargs", {}).get("kinglet")
    if report.failed and guests and not (call.excinfo and call.excinfo.errisinstance(kinglet_module.GuestFailure)):
        for guest in guests.guests:
            report.sections.append((f"guest {os.path.basename(guest.log)}",
                                    kinglet_module.tail(guest.text, guest.log)))
