-- The sums of one metric of experiment $1 over the units that are in others ($2) too, by the pairs of variants and of epochs: the rows of
-- units are read once for all others together. A unit's value is its total at the slot $3 (1 or 0 where $4), at most $5; of a ratio the
-- numerator, and $6 and $7 say the same of the denominator, which is null elsewhere. Of the experiments in $8 epochs are not told apart: 0.
with mine as (
    select s.unit, s.variant, case when $1 = any ($8::integer[]) then 0 else s.epoch end as epoch, s.counts[$3] is not null as seen,
           case when $4 then (s.counts[$3] is not null)::integer * 1000000::numeric else least(coalesce(s.totals[$3], 0), $5) end as y,
           case when $7 then (s.counts[$6] is not null)::integer * 1000000::numeric
                when $6 is not null then least(coalesce(s.totals[$6], 0), $5) end as d
    from unit_state s
    where s.experiment = $1 and s.first_at is not null
)
select o.experiment, m.variant, o.variant as other_variant, m.epoch, case when o.experiment = any ($8::integer[]) then 0 else o.epoch end as other_epoch,
       count(*) as n, count(*) filter (where m.seen) as seen,
       sum(m.y) as y, sum(m.y * m.y) as yy, sum(m.y * m.y * m.y) as yyy,
       sum(m.d) as d, sum(m.y * m.d) as yd, sum(m.d * m.d) as dd, sum(m.y * m.y * m.d) as yyd, sum(m.y * m.d * m.d) as ydd, sum(m.d * m.d * m.d) as ddd
from mine m
join unit_state o on o.unit = m.unit
where o.experiment = any ($2::integer[]) and o.first_at is not null
group by 1, 2, 3, 4, 5
