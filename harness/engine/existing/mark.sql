-- The mark of the run that uses this server: its record, or no row. $1: the name of the role that bears the mark.
select pg_catalog.shobj_description(oid, 'pg_authid') as record
from pg_catalog.pg_roles
where rolname = $1
order by rolname
