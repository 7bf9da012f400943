-- Fails with what is found and not expected, or expected and not found.
with expected as (
    select * from {{ ref('expected_findings') }}
),

found as (
    select * from {{ ref('stuck_jobs', 'stuck_items') }}
)

select
    found.accumulation_point,
    found.entity_id,
    found.cause,
    expected.accumulation_point as expected_point,
    expected.entity_id as expected_id,
    expected.cause as expected_cause
from found
full join expected
    on
        found.accumulation_point = expected.accumulation_point
        and found.entity_id = expected.entity_id
        and found.cause = expected.cause
where found.accumulation_point is null or expected.accumulation_point is null
