-- One row a treatment: the code under which the coded report shows it. Drawn once, never changed.
create table code (
    treatment varchar primary key,
    code varchar not null unique,
    drawn_at varchar not null
);
