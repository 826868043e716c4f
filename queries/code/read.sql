-- Grain: one row a treatment that has a code.
select treatment, code from code order by code;
