-- Grain: as handed over in the registered frame `rows`. Adds them to an extract.
insert into event by name select $extract as extract, * from rows;
