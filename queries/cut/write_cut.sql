-- Grain: one row a data cut.
insert into cut (id, extract, cutoff) values ($cut, $extract, $cutoff);
