-- The study's store. An extract is a set of input files as read; a cut is an extract at a cut-off
-- date; a look is one analysis of one cut under one set of definitions. Rows are only ever added.
-- The tables of listing rows have no keys: an index over a million rows costs more than the rows,
-- and the reader has rejected duplicates before they come here.

create table migration (
    version integer primary key,
    applied_at varchar not null
);

-- One row an extract.
create table extract (
    id varchar primary key,       -- hash of the input hashes and of how they were read
    reading varchar not null,     -- the settings it was read with, JSON
    read_at varchar not null
);

-- One row an input file: rows_read = accepted + rejected.
create table input (
    extract varchar not null references extract (id),
    role varchar not null,
    path varchar not null,        -- name only
    sha256 varchar not null,
    rows_read bigint not null,
    accepted bigint not null,
    rejected bigint not null,
    check (rows_read = accepted + rejected),
    primary key (extract, role)
);

-- One row something a reader must know about the extract.
create table finding (
    extract varchar not null references extract (id),
    "check" varchar not null,
    severity varchar not null,
    "count" bigint not null,
    "text" varchar not null,
    about varchar not null
);

-- One row a subject.
create table subject (
    extract varchar not null,
    subject varchar not null,
    arm varchar,
    randomised date,
    "left" date,
    died date
);

-- One row a recorded exposure.
create table exposure (
    extract varchar not null,
    subject varchar not null,
    period varchar not null,
    treatment varchar not null,
    "start" date not null,
    "end" date,
    administrations bigint
);

-- One row an adverse event record.
create table event (
    extract varchar not null,
    subject varchar not null,
    "key" varchar not null,
    term varchar,
    pt varchar not null,
    soc varchar,
    onset_recorded varchar,
    onset_low date,
    onset_high date,
    end_recorded varchar,
    end_high date,
    serious boolean,
    related boolean,
    severity varchar,
    outcome varchar,
    "action" varchar,
    fatal boolean,
    withdrawn boolean,
    emergent_flag boolean,
    reported date
);

-- One row an adjudicated record and topic.
create table adjudication (
    extract varchar not null,
    subject varchar not null,
    "key" varchar not null,
    topic varchar not null,
    decision boolean not null
);

-- One row a rejected input row, with the rule it broke.
create table rejected (
    extract varchar not null,
    file varchar not null,
    "row" bigint not null,
    "rule" varchar not null,
    "column" varchar,
    record varchar not null
);

-- One row a data cut.
create table cut (
    id varchar primary key,
    extract varchar not null references extract (id),
    cutoff date not null,
    unique (extract, cutoff)
);

-- One row a set of definitions that a look was made under.
create table definitions (
    sha256 varchar primary key,
    study varchar not null        -- the validated study file, JSON
);

-- One row a look.
create table look (
    number integer primary key,
    cut varchar not null references cut (id),
    definitions_sha256 varchar not null references definitions (sha256),
    version varchar not null,     -- of safetymon
    versions varchar not null,    -- of everything that computes, JSON
    run_at varchar not null
);

-- One row a rule and look: what the rule concluded.
create table verdict (
    look integer not null references look (number),
    scope varchar not null,
    "rule" varchar not null,
    topic varchar not null,
    "group" varchar not null,
    "method" varchar not null,
    verdict varchar not null,
    "value" double,
    "limit" double,
    since_look bigint not null,
    "text" varchar not null,
    e_value double,
    crossed_on date,
    looks bigint not null,
    against bigint not null,
    fragile boolean not null,
    reason varchar,
    primary key (look, scope, "rule")
);

-- One row an event record: the day from which the monitor counts it as known; never changed.
create table seen (
    subject varchar not null,
    "key" varchar not null,
    seen date not null,
    look integer not null references look (number)
);

-- One row a preferred term and group flagged by the screen at a look.
create table flag (
    look integer not null references look (number),
    term varchar not null,
    "group" varchar not null,
    since_look bigint not null,
    primary key (look, term, "group")
);

-- One row a file of a report.
create table report_file (
    look integer not null references look (number),
    scope varchar not null,
    path varchar not null,
    sha256 varchar not null,
    primary key (look, scope, path)
);

-- One row an act; each holds the hash of the one before.
create table audit (
    seq bigint primary key,
    "at" varchar not null,
    actor varchar not null,
    "action" varchar not null,
    about varchar not null,
    detail varchar not null,
    previous varchar not null,
    hash varchar not null
);

-- One row a decision of the board on a rule's signal; only ever added.
create table decision (
    seq bigint primary key,
    "rule" varchar not null,
    decision varchar not null,
    decided_by varchar not null,
    note varchar not null,
    decided_at varchar not null
);

-- One row a rule and harm under one set of definitions: what the rule does, simulated.
create table card (
    definitions_sha256 varchar not null,
    "rule" varchar not null,
    "method" varchar not null,
    harm varchar not null,
    effect double not null,
    trials bigint not null,
    signals double,
    error double,
    median_days double,
    median_subjects double,
    basis varchar not null
);
