-- The closed jobs that were found incomplete, with what was found, and in the row without a job how far the history has
-- been judged: so that a run judges only what has changed since. `candidates` are the closed jobs that a run has to
-- judge.
{{ config(materialized='judgment') }}
-- depends_on: {{ ref('stg_jobs') }}, {{ ref('stg_executions') }}, {{ ref('stg_judgment_basis') }}

with job_cells as (
    {{ job_cells('candidates', ['status', 'created_at']) | indent }}
)

select
    job_cells.job_id,
    cardinality(job_cells.written_regions) as executions,
    progress.gaps,
    progress.is_interrupted
from job_cells
cross join lateral ({{ region_progress() | indent }}) as progress
where
    (not job_cells.cells <@ job_cells.written_cells or ({{ is_spec_unreadable() }}))
    and (job_cells.created_at < {{ complete_since() }}) is not true
