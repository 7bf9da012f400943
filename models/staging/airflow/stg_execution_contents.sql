-- What must be unchanged of a task when somebody acts on it: its try, its state and the last sign of its life.
{{ config(enabled=is_system('airflow')) }}

select
    execution_id,
    concat_ws(' ', id, state, try_number, last_heartbeat_at) as content
from {{ ref('base_airflow_executions') }}
