-- The lists of which a look did not read all that there is, and what may be among the rest. It reads the oldest first,
-- and what is due first, so that nothing is late behind a message that is not.
with snapshots as (
    select * from {{ ref('int_current_snapshots') }}
),

messages as (
    select * from {{ ref('int_current_messages') }}
),

cut_lists as (
    select
        queue_name,
        kind,
        depth,
        messages_read
    from snapshots
    where is_usable and messages_read < depth
),

points (accumulation_point, kind, is_by_age) as (
    values
    ('queue_backlog', 'main', true),
    ('queue_retry_overdue', 'retry', true),
    ('queue_dead_letter', 'dead', false),
    ('queue_orphan', 'main', false),
    ('queue_orphan', 'retry', false),
    ('queue_duplicate', 'main', false),
    ('queue_duplicate', 'retry', false)
),

reached as (
    select
        queue_name,
        kind
    from messages
    where
        (kind = 'main' and enqueued_at >= {{ as_of() }} - {{ max_age('queue_backlog') }})
        or (kind = 'retry' and due_at >= {{ as_of() }} - {{ max_age('queue_retry_overdue') }})
)

select
    points.accumulation_point,
    cut_lists.queue_name,
    cut_lists.kind,
    cut_lists.depth,
    cut_lists.messages_read
from cut_lists
inner join points on cut_lists.kind = points.kind
where
    not points.is_by_age
    or not exists (
        select 1 from reached
        where reached.queue_name = cut_lists.queue_name and reached.kind = cut_lists.kind
    )
