select {fingerprint}
from {table} as source_rows
where source_rows.id = %(id)s
