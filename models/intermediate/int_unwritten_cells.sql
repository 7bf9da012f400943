-- The cells that no execution was ever written for, for whoever asks whether a job has any: the first one found is the
-- answer. Without a WITH clause, so that PostgreSQL flattens it.
select expected.*
from {{ ref('int_expected_executions') }} as expected
where
    not exists (
        select 1 from {{ ref('stg_executions') }} as executions
        where executions.job_id = expected.job_id and {{ fills_cell('executions', 'expected') }}
        offset 0
    )
