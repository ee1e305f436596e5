-- Plain PostgreSQL: the role that runs migrations, with no powers of its own. Run once a cluster, as a superuser.
-- Harmless when run again.
--   tenantproof.deployer  role that runs migrations; default postgres
--   tenantproof.password  its password; default none

do $$
declare
  deployer constant text := coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres');
  password constant text := nullif(current_setting('tenantproof.password', true), '');
begin
  if exists (select from pg_catalog.pg_roles where rolname = deployer and rolsuper) then
    raise 'role % is a superuser; name another deployer', deployer using errcode = 'invalid_role_specification';
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = deployer) then
    execute format('create role %I', deployer);
  end if;
  execute format('alter role %I login', deployer);
  if password is not null then
    execute format('alter role %I password %L', deployer, password);
  end if;
end
$$;
