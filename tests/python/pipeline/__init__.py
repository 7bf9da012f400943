"""A small pipeline like the one that is watched, on real servers and in processes of its own.

A job may carry one fault: at which step of its way it strikes, and what it does. Steps and flow are those of
the source: the API writes a job and its message in one transaction, the publisher pushes the message, a
worker pops it, locks the job, sets its status, calls a provider per (region, model, question), writes an
execution when a call ends, sets the final status and lets go of the lock.
"""
