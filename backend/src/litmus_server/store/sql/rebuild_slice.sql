-- The last unit of the next slice: so many events of the log further on. Null at the end.
select unit from event where unit > $1 order by unit offset $2 limit 1
