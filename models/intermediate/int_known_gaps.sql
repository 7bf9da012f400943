-- The closed jobs that were found incomplete, and in the row without a job how far the history has been judged: so that
-- a run judges only what has changed since.
{{ config(materialized='judgment') }}
-- depends_on: {{ ref('stg_jobs') }}, {{ source('pipeline', 'jobs') }}, {{ source('pipeline', 'executions') }}

select job_id
from {{ ref('int_job_progress') }}
where has_gaps or is_spec_unreadable
