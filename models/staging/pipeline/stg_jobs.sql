-- The jobs in UTC and without their specs. Without a WITH clause, so that PostgreSQL flattens the view and uses its
-- table's indexes in joins.
{{ config(enabled=is_system('pipeline')) }}
{% set jobs = source_table('jobs') %}

select
    -- ids: in their own type, which their indexes need
    id as job_id,
    {{ source_column(jobs, 'jobspec_id', 'text') }} as jobspec_id,

    -- text
    {{ source_column(jobs, 'status', 'text') }} as status,
    null::text as queue_name,
    null::text as job_kind,
    null::text as waits_for,

    -- numbers
    null::bigint as attempts,

    -- booleans
    false as is_polled,

    -- times; the two of the source as they are, for their indexes
    created_at as source_created_at,
    updated_at as source_updated_at,
    {{ source_timestamp(jobs, 'created_at') }} as created_at,
    null::timestamptz as ready_since,
    {{ source_timestamp(jobs, 'updated_at') }} as updated_at,
    {{ source_timestamp(jobs, 'started_at', required=false) }} as started_at,
    {{ source_timestamp(jobs, 'completed_at', required=false) }} as completed_at,
    null::timestamptz as expires_at,

    -- the transaction that wrote the row as it is
    {{ source_row_version(source('pipeline', 'jobs')) }} as row_version
from {{ source('pipeline', 'jobs') }}
