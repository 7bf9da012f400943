-- The chords that have not ended, each with its members: those that a task asks about every second, and those that
-- django-celery-results counts, which wait since they were seen first. A member is an array of ids, its own first, then
-- those of what goes before it in a chain.
{{ config(enabled=is_system('celery')) }}
{% set counters = source_table('django_chords') %}

select
    messages.task_id,
    messages.queue_name,
    messages.job_kind,
    messages.members,
    look.observed_at - messages.attempts * interval '1 second' as since,
    false as is_counted
from {{ ref('base_celery_messages') }} as messages
cross join {{ ref('base_celery_look') }} as look
where messages.members is not null
{%- if counters.types or not execute %}
union all
select
    {{ source_column(counters, 'group_id', 'text') }} as task_id,
    null::text as queue_name,
    null::text as job_kind,
    (
        select jsonb_agg(jsonb_path_query_array(parts.part, 'strict $.** ? (@.type() == "string")'))
        from jsonb_array_elements({{ json_array(source_json(counters, 'sub_tasks')) }}) as results (result)
        -- a group at the end of a chain is as many members as it has
        cross join lateral (
            select jsonb_build_array(children.child, results.result -> 0) as part
            from jsonb_array_elements({{ json_array("results.result -> 1") }}) as children (child)
            union all
            select results.result
            where jsonb_typeof(results.result -> 1) is distinct from 'array'
        ) as parts
    ) as members,
    seen.first_seen_at as since,
    true as is_counted
from {{ source('celery', 'django_chords') }} as counted
left join {{ ref('stg_queue_sightings') }} as seen on seen.kind = 'no_message' and counted.group_id = seen.name
{%- endif %}
