select {fingerprint}
from {schema}.{relation} as source_rows
where source_rows.{key} = %(id)s
