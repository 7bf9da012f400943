-- The executions in UTC and without outputs and receipts; the region in the row's own spelling and in the router's.
{{ config(enabled=is_system('pipeline')) }}
{% set executions = source_table('executions') %}
{% set output = source_json(executions, 'output_data', required=false, may_be_withheld=true) %}

select
    -- ids: in their own type, which their indexes need
    id as execution_id,
    job_id,
    {{ source_column(executions, 'provider_id', 'text') }} as provider_id,
    {{ source_column(executions, 'model_id', 'text', required=false) }} as model_id,
    {{ source_column(executions, 'question_id', 'text', required=false) }} as question_id,

    -- text
    {{ source_column(executions, 'region', 'text') }} as region,
    {{ router_region(source_column(executions, 'region', 'text')) }} as router_region,
    {{ source_column(executions, 'status', 'text') }} as status,
    {{ source_column(executions, 'original_error', 'text', required=false) }} as original_error,

    {{ output }} -> 'failure' ->> 'type' as failure_type,

    -- numbers
    {{ source_column(executions, 'retry_count', 'bigint', required=false) }} as retry_count,
    {{ source_column(executions, 'max_retries', 'bigint', required=false) }} as max_retries,

    -- times; source_created_at as it is, for its index
    created_at as source_created_at,
    {{ source_timestamp(executions, 'created_at') }} as created_at,
    {{ source_timestamp(executions, 'started_at') }} as started_at,
    {{ source_timestamp(executions, 'completed_at', required=false) }} as completed_at,

    -- the transaction that wrote the row as it is
    {{ source_row_version(source('pipeline', 'executions')) }} as row_version
from {{ source('pipeline', 'executions') }}
