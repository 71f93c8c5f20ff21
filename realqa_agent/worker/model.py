"""The model's process: `python -m realqa_agent.worker.model FD`, started by the pool and by nobody else.

It is greeted as `worker/child.py` is, and then gets pictures instead of files. A thread takes them off the socket all
the time, while the model is loaded and while it works: they are too large for the socket to hold, so that the agent
would wait with them.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from realqa_agent.errors import RealQAError, RefusalKind, TransientError
from realqa_agent.scoring.second import create
from realqa_agent.scoring.view import Silence
from realqa_agent.worker import tasks
from realqa_agent.worker.messages import Failed, Judge, Judged, Ready, Refused, Unfit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realqa_agent.config import Config
    from realqa_agent.scoring.second import SecondLook
    from realqa_agent.worker.messages import Answer

    Orders = SimpleQueue[Judge | None]
    """What is to be judged; None once the parent has hung up."""


def serve(connection: Connection) -> None:
    """Answer the parent until it hangs up."""
    config: Config = connection.recv()
    orders: Orders = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, orders), daemon=True).start()
    try:
        model = create(config)
    except RealQAError as error:
        connection.send(Unfit(message=str(error), transient=isinstance(error, TransientError)))
        return
    connection.send(
        Ready(scorer=model.name, version=model.version, view=model.view, at_once=model.at_once, about=model.about)
    )
    while batch := _batch(orders, model.at_once):
        for answer in judged(model, batch):
            connection.send(answer)
            if isinstance(answer, Failed) and answer.leaving:
                return


def judged(model: SecondLook, orders: Sequence[Judge]) -> list[Answer]:
    """Return an answer for each order. What goes wrong for several together is tried one by one: it may be one's."""
    began = time.perf_counter()
    try:
        found = model.assess_many([order.shown for order in orders])
    except Exception as error:  # noqa: BLE001 - a defect of ours costs one file
        wrong = tasks.failure(error)
        if len(orders) == 1 or (isinstance(wrong, Failed) and (wrong.away or wrong.leaving)):
            return [wrong] * len(orders)
        return [answer for order in orders for answer in judged(model, [order])]
    share_ms = round((time.perf_counter() - began) * 1000 / len(orders), 1)
    return [
        Refused(kind=RefusalKind.UNANSWERED, message=one.reason)
        if isinstance(one, Silence)
        else Judged(assessment=one, elapsed_ms=share_ms)
        for one in found
    ]


def _receive(connection: Connection, orders: Orders) -> None:
    try:
        while True:
            orders.put(connection.recv())
    except (EOFError, OSError):
        orders.put(None)


def _batch(orders: Orders, most: int) -> list[Judge]:
    """Return what is there to be judged, at least one; nothing once the parent has hung up."""
    batch = []
    order = orders.get()
    while order is not None:
        batch.append(order)
        if len(batch) == most:
            break
        try:
            order = orders.get_nowait()
        except Empty:
            break
    return batch if order is not None else []


def main() -> None:
    """Serve the socket whose number is the one argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in worker/child.py
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


if __name__ == "__main__":
    main()
