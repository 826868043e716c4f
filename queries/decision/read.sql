-- Grain: one row a decision of the board, oldest first.
select "rule", decision, decided_by, note, decided_at from decision order by seq;
