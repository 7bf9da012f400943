select 1
from {jobs}
where jobspec_id = %(job)s
for update skip locked
