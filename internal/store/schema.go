package store

const (
	// schemaVersion is kept in the database as user_version.
	schemaVersion = 2
	// applicationID marks the file as a ledger of Muster: "Must" in ASCII.
	applicationID = 0x4d757374
)

// schema makes version 1, and signatures makes version 2 of it. A stream's run is kept as a number beside each of
// its records, so that following one run costs an index entry of a few bytes.
// The partial indexes hold only what is still to be done: opening a ledger
// costs the same after a hundred thousand tasks as after ten.
const schema = `
create table runs (
	id   integer primary key,
	name text not null unique
) strict;

create table streams (
	id       integer primary key,
	name     text not null unique,
	run      integer references runs(id), -- null: belongs to no run
	seq      integer not null,            -- of its last record
	hash     blob not null,               -- of its last record
	done     integer,                     -- null: has no machine; 0: lives; 1: will never step again
	snapshot blob                         -- of a machine that lives
) strict;
create index streams_alive on streams(name) where done = 0;

create table records (
	row    integer primary key, -- order of all records, from 1
	stream integer not null references streams(id),
	seq    integer not null,
	run    integer,
	hash   blob not null,       -- sha256 of body
	body   blob not null,
	unique (stream, seq)
) strict;
create index records_run on records(run) where run is not null;

create table commands ( -- that were issued and not answered
	row     integer primary key,
	stream  integer not null references streams(id),
	op      text not null,
	kind    text not null,
	at_us   integer not null,
	due_us  integer not null,
	command blob,
	unique (stream, op)
) strict;

create table inbox (
	row  integer primary key, -- order of arrival
	id   text not null unique,
	body blob                 -- null once consumed; the id stays, so that it is the same message for ever
) strict;
create index inbox_waiting on inbox(id) where body is not null;

pragma application_id = 0x4d757374;
pragma user_version = 1;
`

// signatures makes version 2 of version 1. Nothing that was hashed changes.
const signatures = `
alter table records add column signature blob; -- of the seal, when its data names a signer

create table keys ( -- public keys of signers
	fingerprint text primary key,
	public      blob not null -- 32 bytes
) strict;

pragma user_version = 2;
`
