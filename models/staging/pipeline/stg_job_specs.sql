-- The lists in the jobs' specs that say what must run, as they are, since they may be anything; no secrets. Apart from
-- stg_jobs, and taken from each spec in one reading: a spec of some kB is stored compressed, and dear to open.
{{ config(enabled=is_system('pipeline')) }}
{% set jobs = source_table('jobs') %}

select
    jobs.id as job_id,
    opened.spec -> 'constraints' -> 'regions' as spec_regions,
    opened.spec -> 'metadata' -> 'models' as spec_metadata_models,
    opened.spec -> 'models' as spec_models,
    opened.spec -> 'questions' as spec_questions,
    opened.spec -> 'constraints' -> 'min_success_rate' as spec_min_success_rate
from {{ source('pipeline', 'jobs') }} as jobs
cross join lateral (
    select jsonb_path_query_first({{ source_json(jobs, 'jobspec_data') }}, '$') as spec
    limit 1 -- which keeps this one reading apart
) as opened
