-- The closed jobs that were found incomplete, and in the row without a job how far the history has been judged: so that
-- a run judges only what has changed since. `candidates` are the closed jobs that a run has to judge.
{{ config(materialized='judgment') }}
-- depends_on: {{ ref('stg_jobs') }}, {{ source('pipeline', 'jobs') }}, {{ source('pipeline', 'executions') }}

with job_cells as (
    {{ job_cells('candidates', ['status']) | indent }}
)

select job_id
from job_cells
where not cells <@ written_cells or ({{ is_spec_unreadable() }})
