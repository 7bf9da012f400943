-- What can be seen of the pools of workers, in one row: each keeps a session that listens. By a function, so that who
-- built the views looks, and not whoever reads them: what sessions do is shown to few.
{{ config(enabled=is_system('graphile_worker')) }}

select
    is_any as has_listener,
    problem
from {{ own_schema() }}.listening_sessions()
