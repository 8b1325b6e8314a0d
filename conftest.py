"""What doctests and charts share: a question that several of them only look at is answered once a process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bayu_forecast.report.ask import Answer, Question


@pytest.fixture(scope="session")
def answered() -> Callable[[Question], Answer]:
    """The report's answer to a question, kept: for tests of what is made of an answer, never of the answer itself."""

    @functools.cache
    def kept(question: Question) -> Answer:
        from bayu_forecast.report.ask import answer

        return answer(question)

    return kept


@pytest.fixture(scope="module")
def kept_answers(answered: Callable[[Question], Answer]) -> Iterator[None]:
    """Reports of this module are made of kept answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bayu_forecast.report.parallel.answer", answered)
        yield


@pytest.fixture(autouse=True, scope="module")
def _doctests_keep_answers(request: pytest.FixtureRequest) -> None:
    if type(request.node).__name__ == "DoctestModule":
        request.getfixturevalue("kept_answers")
