select 1
from {table} as source_rows
where source_rows.id = %(id)s and md5(source_rows::text) = %(fingerprint)s
for update skip locked
