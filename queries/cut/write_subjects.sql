-- Grain: as handed over in the registered frame `rows`. Adds them to an extract.
insert into subject by name select $extract as extract, * from rows;
