-- The outbox in UTC and without payloads; of a payload, in either format, only the job it is for.
{{ config(enabled=is_system('pipeline')) }}
{% set outbox = source_table('outbox') %}

select
    -- ids
    id as outbox_id,
    coalesce(
        {{ source_json(outbox, 'payload') }} ->> 'jobspec_id',
        {{ source_json(outbox, 'payload') }} ->> 'id',
        {{ job_in_text(outbox, 'payload') }}
    ) as jobspec_id,

    -- text
    {{ source_column(outbox, 'topic', 'text') }} as topic,

    -- times; those of the source as they are, for its indexes
    created_at as source_created_at,
    published_at as source_published_at,
    {{ source_timestamp(outbox, 'created_at') }} as created_at,
    {{ source_timestamp(outbox, 'published_at') }} as published_at
from {{ source('pipeline', 'outbox') }}
