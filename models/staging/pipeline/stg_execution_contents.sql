-- The same of each execution.
{{ config(enabled=is_system('pipeline')) }}

select
    executions.execution_id,
    executions::text as content
from {{ ref('stg_executions') }} as executions
