-- Grain: one row a treatment that gets a code.
insert into code select treatment, code, $drawn_at as drawn_at from rows;
