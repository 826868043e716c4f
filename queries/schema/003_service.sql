-- What the scheduled service remembers of a study. Rows are only ever added.

-- One row a timetable: in force from `since` until the next one's.
create table timetable (
    seq bigint primary key,
    cron varchar,                     -- null: no due times, looks at arrivals only
    "zone" varchar not null,
    since varchar not null            -- UTC
);

-- One row what became of a due time: a look, nothing (missed), or a failed attempt at it.
create table due (
    seq bigint primary key,
    cause varchar not null check (cause in ('schedule', 'arrival')),
    due_at varchar not null,          -- UTC; of an arrival: when it was noticed
    outcome varchar not null check (outcome in ('look', 'missed', 'failed')),
    settled varchar,                  -- due_at, once and for all; null: it may be tried again
    corrections bigint not null,      -- how often the clock had been set right by then
    look integer references look (number),
    late boolean not null,
    stale boolean not null,           -- the data were found stale
    reason varchar,                   -- of a failure: one plain line
    folder varchar,                   -- fingerprint of the data folder when it was tried
    recorded_at varchar not null,
    unique (settled, corrections),
    check ((outcome = 'failed') = (settled is null)),
    check ((outcome = 'look') = (look is not null))
);
