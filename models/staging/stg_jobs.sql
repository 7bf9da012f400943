-- The jobs in UTC and without the secrets of their specs; the lists that say what must run are taken out
-- as they are, since they may be anything. Without a WITH clause, so that PostgreSQL flattens the view and uses its
-- table's indexes in joins.
{% set jobs = source_table('jobs') %}

select
    -- ids: in their own type, which their indexes need
    id as job_id,
    {{ source_column(jobs, 'jobspec_id', 'text') }} as jobspec_id,

    -- text
    {{ source_column(jobs, 'status', 'text') }} as status,

    -- spec
    {{ source_column(jobs, 'jobspec_data', 'jsonb') }} -> 'constraints' -> 'regions' as spec_regions,
    {{ source_column(jobs, 'jobspec_data', 'jsonb') }} -> 'metadata' -> 'models' as spec_metadata_models,
    {{ source_column(jobs, 'jobspec_data', 'jsonb') }} -> 'models' as spec_models,
    {{ source_column(jobs, 'jobspec_data', 'jsonb') }} -> 'questions' as spec_questions,
    {{ source_column(jobs, 'jobspec_data', 'jsonb') }} -> 'constraints' -> 'min_success_rate' as spec_min_success_rate,

    -- times; the two of the source as they are, for their indexes
    created_at as source_created_at,
    updated_at as source_updated_at,
    {{ source_timestamp(jobs, 'created_at') }} as created_at,
    {{ source_timestamp(jobs, 'updated_at') }} as updated_at,
    {{ source_timestamp(jobs, 'started_at', required=false) }} as started_at,
    {{ source_timestamp(jobs, 'completed_at', required=false) }} as completed_at,

    -- the transaction that wrote the row as it is
    {{ source_row_version('jobs') }} as row_version
from {{ source('pipeline', 'jobs') }}
