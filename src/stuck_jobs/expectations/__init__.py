"""Great Expectations over the public views: the context as code, and the command that runs its checkpoint."""

CONTEXT = "expectations"
"""The context's root, in the dbt project."""

CHECKPOINT = "stuck_jobs"

DATASOURCE = "stuck_jobs"

CONNECTION_VARIABLE = "STUCK_JOBS_CONNECTION"
"""The config variable that holds the SQLAlchemy URL."""

DOCS_VARIABLE = "STUCK_JOBS_DATA_DOCS"
"""The config variable that holds the directory of the Data Docs."""
