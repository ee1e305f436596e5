-- What a Supabase project's database holds before the first migration, apart from auth and storage.
-- Run once in each new database, as a superuser, after roles.sql.
--   tenantproof.deployer  role that runs migrations and owns the database; default postgres

create schema extensions;
create schema auth;
create schema storage;

-- Grants that name the deployer. Everything else stands below as plain SQL.
do $$
declare
  deployer constant text := coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres');
begin
  -- CREATE in schema public comes with ownership of the database, through pg_database_owner.
  execute format('alter database %I owner to %I', current_database(), deployer);
  execute format('grant all on schema extensions to %I with grant option', deployer);
  execute format('grant usage on schema public, auth, storage to %I with grant option', deployer);
end
$$;

grant usage on schema public, extensions, auth, storage to anon, authenticated, service_role;
grant all on schema extensions, auth, storage to dashboard_user;
grant all on schema auth to supabase_auth_admin;
grant all on schema storage to supabase_storage_admin;

-- The first three are there in every project. The deployer may create the others on the host, through supautils;
-- on plain PostgreSQL only a superuser may, so they stand ready for CREATE EXTENSION IF NOT EXISTS.
-- Without its library preloaded, pgaudit cannot be created at all.
do $$
declare
  extension text;
begin
  for extension in
    select available.name
    from pg_catalog.pg_available_extensions as available
    where available.name in ('pgcrypto', 'uuid-ossp', 'pg_stat_statements', 'moddatetime')
      or (available.name = 'pgaudit' and current_setting('shared_preload_libraries') ~ '\mpgaudit\M')
    order by available.name
  loop
    execute format('create extension %I schema extensions', extension);
  end loop;
end
$$;

-- Creating a publication FOR ALL TABLES and event triggers, which supautils allows too, remain a superuser's.
create publication supabase_realtime;
do $$
begin
  execute format(
    'alter publication supabase_realtime owner to %I',
    coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres')
  );
end
$$;
