-- Why nothing that is due is taken, in one row: the scheduler is dead, drains, or is kept from it by a lock.
{{ config(enabled=is_system('airflow')) }}

select
    conductors.is_at_work,
    conductors.beat_at,
    case
        when conductors.is_draining then 'scheduler_draining'
        when not conductors.is_alive then 'scheduler_dead'
        when locks.held_since is not null then 'executor_blocked'
    end as suspicion,
    locks.held_since
from {{ ref('base_airflow_conductors') }} as conductors
cross join {{ ref('base_airflow_locks') }} as locks
where conductors.conductor = 'scheduler'
