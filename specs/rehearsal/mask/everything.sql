-- A schema with every kind of promise that masked values could break, and every place where an old value could stay.
create extension if not exists citext schema extensions;
create extension if not exists hstore schema extensions;
create extension if not exists btree_gist schema extensions;

create function public.is_web(url text) returns boolean language sql immutable as $$ select url ~ '^https?://' $$;
create domain public.phone as text check (value ~ '^\+[1-9][0-9]{7,14}$');
create type public.contact as (name text, age integer, mails text[]);
create type public.mood as enum ('calm', 'upset');

create table public.countries (code text primary key, label text not null);
create table public.people (
  id uuid primary key default gen_random_uuid(),
  email text not null unique check (email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' and email = lower(email)),
  login extensions.citext unique,
  name varchar(60) not null check (btrim(name) <> ''),
  phone public.phone,
  status text not null default 'active' check (status in ('active', 'left', 'on hold')),
  mood text check (mood is null or mood::public.mood is not null),
  country text references public.countries (code),
  tags text[] not null default '{}',
  profile jsonb check (profile ->> 'role' in ('owner', 'guest')),
  raw json,
  initials char(4),
  born date,
  address inet,
  network cidr,
  card macaddr,
  photo bytea,
  sheet xml,
  extra extensions.hstore,
  contact public.contact,
  found tsvector,
  shout text generated always as (upper(name::text)) stored,
  number text check (number ~ '^INV-[0-9]{5}$'),
  token text check (token ~ '^[0-9a-f]{32}$'),
  site text check (public.is_web(site)),
  row_key text,
  notes text
);
alter table public.people alter notes set storage external;
create unique index people_by_name on public.people (lower(name)) where status = 'active';
create index people_by_mail on public.people (split_part(email, '@', 2));
create statistics public.people_together (mcv) on country, status from public.people;

create table public.bookings (
  room text not null,
  during tstzrange not null,
  guest text not null,
  exclude using gist (room with =, during with &&)
);
create table public.codes (code text primary key, mark varchar(1));
create table public.events (kind text not null, at timestamptz not null, who text, primary key (kind, at)) partition by list (kind);
create table public.events_calls partition of public.events for values in ('call');
create table public.events_others partition of public.events default;
create table public.notices (kind text, at timestamptz, foreign key (kind, at) references public.events (kind, at));

-- Fires whoever asks, and nothing identifies its rows in a publication.
create table public.ledger (entry text, by_email text);
create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'immutable'; end $$;
create trigger refuse before update or delete on public.ledger for each row execute function public.refuse();
alter table public.ledger enable always trigger refuse;
create publication carried for table public.ledger;

create table public.schema_migrations (version text primary key, statements text[]);
