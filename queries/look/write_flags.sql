-- Grain: one row a preferred term and group flagged at this look.
insert into flag select $look, term, "group", since_look from rows;
