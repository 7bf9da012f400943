-- The oldest items, and those to begin with: the oldest of each point and of each of its causes, with how many share it.
with ranked as (
    select
        accumulation_point,
        entity_type,
        left(entity_id, %(max_length)s) as entity_id,
        left(jobspec_id, %(max_length)s) as jobspec_id,
        status,
        age_seconds,
        threshold_seconds,
        cause,
        queue_name,
        job_kind,
        left(evidence, %(max_length)s) as evidence,
        remedy,
        count(*) over (partition by accumulation_point, cause) as cause_count,
        row_number() over (
            partition by accumulation_point order by age_seconds desc nulls last, entity_id
        ) as place,
        row_number() over (
            partition by accumulation_point, cause order by age_seconds desc nulls last, entity_id
        ) as place_of_cause,
        row_number() over (order by age_seconds desc nulls last, accumulation_point, entity_id) as place_of_all
    from {schema}.stuck_items
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    age_seconds,
    threshold_seconds,
    cause,
    queue_name,
    job_kind,
    evidence,
    remedy,
    cause_count,
    place <= %(items)s or place_of_cause = 1 as is_shown
from ranked
where place <= %(items)s or place_of_cause = 1 or place_of_all <= %(searched)s
order by age_seconds desc nulls last, accumulation_point, entity_id
