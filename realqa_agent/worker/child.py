"""The worker process: `python -m realqa_agent.worker.child FD`, started by the pool and by nobody else.

It speaks over the inherited socket FD, one message at a time: first the settings in and `Ready` or `Unfit` out,
then a task in and its answer out, until the parent closes its end.
"""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from realqa_agent.errors import RealQAError, TransientError
from realqa_agent.scoring.scorer import create
from realqa_agent.worker import tasks
from realqa_agent.worker.messages import Failed, Ready, Unfit

if TYPE_CHECKING:
    from realqa_agent.config import Config
    from realqa_agent.worker.messages import Answer


def serve(connection: Connection) -> None:
    """Answer the parent until it hangs up."""
    config: Config = connection.recv()
    try:
        scorer = create(config)
    except RealQAError as error:
        connection.send(Unfit(message=str(error), transient=isinstance(error, TransientError)))
        return
    connection.send(Ready(scorer=scorer.name, version=scorer.version))
    answer: Answer | None = None
    while not (isinstance(answer, Failed) and answer.leaving):
        answer = tasks.run(connection.recv(), scorer, config.media)
        connection.send(answer)


def main() -> None:
    """Serve the socket whose number is the one argument."""
    # Ctrl-C reaches the whole terminal group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    try:
        serve(connection)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


if __name__ == "__main__":
    main()
