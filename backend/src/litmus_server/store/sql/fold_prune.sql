-- The horizon moves and what is behind it goes, in one transaction: no fold makes such a minute again.
with moved as (
    update fold_lock set minutes_from = greatest(minutes_from, date_bin('1 minute', now() - $1::interval, '2000-01-01 00:00+00'))
    returning minutes_from
)
delete from rollup where span = 2 and at < (select minutes_from from moved)
