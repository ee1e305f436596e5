-- Schema storage: buckets, objects and the path functions that policies use.
--   tenantproof.deployer  role that runs migrations; default postgres

create table storage.buckets (
  id text not null primary key,
  name text not null,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text
);
create unique index bname on storage.buckets (name);

create table storage.objects (
  id uuid not null default gen_random_uuid() primary key,
  bucket_id text references storage.buckets (id),
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb
);
create unique index bucketid_objname on storage.objects (bucket_id, name);

alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role, supabase_storage_admin;

-- 'a/b/c.txt' -> {a,b}
create function storage.foldername(name text) returns text[]
language sql immutable
return (string_to_array(name, '/'))[1:cardinality(string_to_array(name, '/')) - 1];

-- 'a/b/c.txt' -> 'c.txt'
create function storage.filename(name text) returns text
language sql immutable
return split_part(name, '/', -1);

-- 'a/b/c.tar.gz' -> 'gz'
create function storage.extension(name text) returns text
language sql immutable
return split_part(split_part(name, '/', -1), '.', -1);

alter function storage.foldername(text) owner to supabase_storage_admin;
alter function storage.filename(text) owner to supabase_storage_admin;
alter function storage.extension(text) owner to supabase_storage_admin;

-- On the host these tables belong to supabase_storage_admin, and supautils lets postgres create policies on them
-- all the same. Plain PostgreSQL asks for the owner: so the deployer owns them here.
do $$
declare
  deployer constant text := coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres');
begin
  execute format('alter table storage.buckets owner to %I', deployer);
  execute format('alter table storage.objects owner to %I', deployer);
end
$$;
