"""Many questions in several processes: the same answers whatever their number.

Floor F7. It schedules and reports progress; it must never change an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bayu_forecast.report.ask import Answer, Question, answer

#: called with (done, of how many, what was just done)
Progress = Callable[[int, int, str], None]


def answer_all(questions: Sequence[Question], *, jobs: int = 2, progress: Progress | None = None) -> list[Answer]:
    """Answer every question, in their order.

    Parameters
    ----------
    questions : sequence of Question
        What to ask; long ones first keep all processes busy.
    jobs : int
        Number of processes, each on one thread; 1 stays in this one.
    progress : callable, optional
        Told after each answer.

    Returns
    -------
    list of Answer
        One a question.
    """
    from joblib import Parallel, delayed, parallel_config

    out = []
    with parallel_config("loky" if jobs > 1 else "sequential", n_jobs=jobs, **({"inner_max_num_threads": 1} if jobs > 1 else {})):
        for one in Parallel(return_as="generator", pre_dispatch="2*n_jobs")(delayed(answer)(q) for q in questions):
            out.append(one)
            if progress is not None:
                progress(len(out), len(questions), one.question.date)
    return out
