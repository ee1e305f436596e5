-- Plain PostgreSQL: the role that runs migrations, with no powers of its own. Run once a cluster, as a superuser.
-- Harmless when run again.
--   tenantproof.deployer  role that runs migrations; default postgres

do $$
declare
  deployer constant text := coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres');
  -- Whoever logs in does so with the superuser's password: a SCRAM verifier holds for any name.
  password constant text := (
    select rolpassword from pg_catalog.pg_authid where rolname = current_user and rolpassword like 'SCRAM-%'
  );
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
