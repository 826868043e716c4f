-- What lets a look be made again exactly as it was, and shows that it was not changed since.

-- One row a look: what it was called, and what its results.json files said.
create table presented (
    look integer primary key references look (number),
    title varchar not null,       -- of the study at the time; not part of the definitions
    data_until date not null,     -- the latest date in its listings
    as_of integer not null,       -- the look it repeats because data went stale; else itself
    closed_sha256 varchar not null,
    open_sha256 varchar not null
);

-- One row a look and way in which its data were stale.
create table staleness (
    look integer not null references look (number),
    "check" varchar not null,
    severity varchar not null,
    "count" bigint not null,
    "text" varchar not null,
    about varchar not null,
    primary key (look, "check")
);
