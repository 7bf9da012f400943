-- Messages that the publisher should long have moved to the queue. Their jobs wait for nothing.
with outbox as (
    select * from {{ ref('stg_outbox') }}
),

unpublished as (
    select
        outbox_id,
        jobspec_id,
        topic,
        created_at
    from outbox
    where
        source_published_at is null
        and created_at < {{ as_of() }} - {{ max_age('outbox_unpublished') }}
)

select
    'outbox_unpublished' as accumulation_point,
    'outbox_message' as entity_type,
    outbox_id::text as entity_id,
    jobspec_id,
    'unpublished' as status,
    created_at as stuck_since,
    {{ seconds_since('created_at') }} as age_seconds,
    extract(epoch from {{ max_age('outbox_unpublished') }})::bigint as threshold_seconds,
    'unknown' as cause,
    topic as queue_name,
    null::text as job_kind,
    {{ longer_than("'written'", 'created_at', max_age('outbox_unpublished')) }} as evidence,
    outbox_id::text as outbox_id,
    topic
from unpublished
where 'outbox_unpublished' in {{ enabled_points() }}
