select count(*)
from unnest(%(required)s::text[]) as required (name)
where to_regclass(%(schema)s || '.' || required.name) is null
