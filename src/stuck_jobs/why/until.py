"""What would have to be true for a job to move, by the cause that holds it up."""

from __future__ import annotations

WAITS = {
    "due_time": "its time comes",
    "lock": "the job that holds its lock lets go",
    "pause": "somebody resumes what is paused",
    "limit": "another one that counts towards the limit ends",
    "key": "the job with the same key ends",
    "parent": "the job that it belongs to lets it go on",
    "child": "the jobs that it waits for end",
    "message": "the message that it waits for arrives",
    "dead_letter": "somebody looks at its error, and puts it back or lets it be",
}
"""By what a live job waits for, and rightly so."""

CAUSES = {
    # it waits for a worker
    "outbox_unpublished": "the publisher moves its row of the outbox to the queue",
    "message_waiting": "a worker takes its message from the queue",
    "retry_scheduled": "its retry comes due, and is moved to the main queue",
    "dead_lettered": "somebody looks at its error, and puts its message back",
    "message_lost": "a message is published for it anew",
    "never_published": "a message is published for it",
    "not_taken": "a worker takes it from its queue",
    "retry_not_taken": "a worker takes it from its queue once more",
    "retry_collided": "the other job with its key ends, so that its retry can be written",
    "consumer_lag": "the workers catch up with the queue",
    "no_active_worker": "a worker serves the queue",
    "scheduler_dead": "a scheduler runs again",
    "scheduler_draining": "the tasks of the scheduler that was told to stop end, or another one runs",
    "executor_blocked": "the idle transaction whose locks keep the scheduler waiting is ended",
    "triggerer_dead": "a triggerer runs again",
    "trigger_gone": "somebody clears it: what it was deferred to is gone",
    "pool_gone": "its pool is made again, or it is given another",
    "pool_too_small": "its pool gets as many slots as it needs",
    "dag_gone": "its DAG is there again, or its run is ended",
    "retention": "a worker takes it before the system deletes it",
    # a worker has it
    "worker_holding": "its worker, which gives signs of life, ends it",
    "worker_silent": "its worker speaks up, or is silent for long enough to count as lost",
    "worker_lost": "another worker gets it: the one that had it is gone",
    "lock_gone": "another worker gets it: the one that had it is gone",
    "lock_expired": "another worker gets it: the one that had it is gone",
    "heartbeat_stopped": "another worker gets it: the one that had it is gone",
    "all_silent": "what hears the workers, such as the API server, runs again, or another worker gets it",
    "worker_gone": "another worker gets it: the one that had it is gone",
    "nobody_listens": "another worker gets it: the one that had it is gone",
    "not_restored": "another worker gets it: the one that had it is gone",
    "message_gone": "it is sent again: nothing will bring it",
    "never_started": "its work begins",
    "executions_open": "its open executions end",
    "execution_open": "its open executions end",
    "job_live": "the execution ends",
    "job_finished": "the execution, whose job is done, is closed",
    "executions_missing": "the executions that are missing are run",
    "context_timeout": "the work that was cut off is done again",
    "context_cancelled": "the work that was cut off is done again",
    "shutdown": "the work that was cut off is done again",
    "executions_finished": "its last write is made: all of its work has ended",
    "final_write_failed": "its last write is made: all of its work has ended",
    # what it owes
    "not_written": "the results that are missing are written",
    "not_decided": "its run is looked at again, or what was not decided is cleared",
    "region_silent": "the region that wrote nothing does its part",
    "spec_unreadable": "its spec says what must be run",
    # it was given up
    "retries_exhausted": "somebody looks at its error, and puts it back or lets it be",
    "permanent_failure": "somebody looks at its error, and puts it back or lets it be",
    "no_error": "somebody looks at it, and puts it back or lets it be",
    "unparsable": "somebody looks at its message, which nobody can read",
    "stuck_again": "what makes it stuck again and again is found",
    "given_up": "what makes it stuck again and again is found",
    "recovered_by_system": "what kills its workers again and again is found",
    # its message is one too many
    "job_missing": "nothing: its message is for no job, and can be taken out",
    "job_closed": "nothing: its message is for a closed job, and can be taken out",
    "queued_twice": "nothing: one of its messages is one too many",
    # nobody knows
    "snapshot_untrusted": "a snapshot of a Redis that lost nothing shows where its message or its lock is",
    "clock_skew": "its dates are put right: one of them is in the future",
    "unknown": "there is evidence of why it does not move",
}
"""By the cause of a stuck item; of one that waits for another job see `of_cause`."""

SURROUNDINGS = {
    "queue_unserved": "a worker serves the queue {}",
    "queue_depth": "the workers catch up with the queue {}",
    "conductor_dead": "the {} runs again",
    "pipeline_stalled": "the pipeline writes anything again",
}
"""By the point at which something is stuck that the job depends on."""


def of_cause(cause: str) -> str | None:
    """What would have to be true; None where only the point's page says so."""
    if "_held_by_" in cause:
        return "the job that it waits for is put right, or lets go"
    return CAUSES.get(cause)
