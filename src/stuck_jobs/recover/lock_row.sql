select 1
from {table}
where id = %(id)s
for update skip locked
