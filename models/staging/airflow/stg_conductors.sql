-- Who makes the runs move. A scheduler there must be where there is a DAG; a DAG processor where there ever was one;
-- and a triggerer where something waits for it, or one died.
{{ config(enabled=is_system('airflow')) }}

with waiting_triggers as (
    select min(created_date) as since
    from {{ source('airflow', 'triggers') }}
),

needed as (
    select conductors.*
    from {{ ref('base_airflow_conductors') }} as conductors
    where
        case conductors.conductor
            when 'scheduler'
                then exists (
                    select 1 from {{ source('airflow', 'dags') }} as dags
                    where not dags.is_stale
                )
            when 'triggerer'
                then
                    (select waiting_triggers.since from waiting_triggers) is not null
                    or exists (
                        select 1 from {{ source('airflow', 'processes') }} as triggerers
                        where triggerers.job_type = 'TriggererJob' and triggerers.state = 'running'
                    )
            else conductors.beat_at is not null
        end
)

select
    conductor,
    case
        when conductor = 'triggerer' then coalesce(last_beat_at, (select waiting_triggers.since from waiting_triggers))
        else last_beat_at
    end as last_beat_at,
    {{ max_age('conductor_dead') }} as max_silence
from needed
