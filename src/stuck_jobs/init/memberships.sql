-- Of some roles of PostgreSQL's own, those that a role, which may not be there yet, has not the rights of.
select wanted.name
from unnest(%(memberships)s::text[]) with ordinality as wanted (name, position)
left join pg_catalog.pg_roles as member on member.rolname = %(role)s
where pg_has_role(member.oid, wanted.name, 'usage') is not true
order by wanted.position
