-- The stuck items with the fault that each names by itself, if it names one, and whether it waits in a queue: found in
-- the pass that reads them.
select
    {{ item_columns() }},
    tie,
    named_kind,
    case
        when named_kind in ('worker_crash', 'error_repeated') then tie
        when named_kind = 'redis_untrusted' then 'redis'
        when named_kind is not null then entity_id
    end as named_scope,
    waits_in_queue
from (
    select
        *,
        case
            when accumulation_point = 'worker_lost' and tie is not null then 'worker_crash'
            when accumulation_point in ('queue_unserved', 'conductor_dead') then accumulation_point
            when cause = 'snapshot_untrusted' then 'redis_untrusted'
            when accumulation_point in ('provider_timeout', 'provider_retries_exhausted') then 'provider_failing'
            when accumulation_point = 'failure_burst' then 'kind_failing'
            when accumulation_point = 'queue_dead_letter' and tie is not null then 'error_repeated'
        end as named_kind,
        {{ waits_in_queue('accumulation_point', 'cause', 'queue_name') }} as waits_in_queue
    from {{ ref('int_tied_items') }}
    offset 0 -- so that the kind is found once per item, and not once per use
) as items
