-- What the fold's tables should hold, from the log alone and by other statements than the fold's: whole tables, one after
-- the other, as slowly as it takes.
create temporary table seen on commit drop as
select *
from event e
where not is_bot
  and not exists (select from fold_queue where batch = e.batch)
  and not exists (select from fold_fault where event_id = e.event_id);

create temporary table expected_unit on commit drop as
select e.unit, e.experiment, e.variant, e.epoch, e.first_at, x.unit_type,
       floor(extract(epoch from e.first_at) / (3600 * x.cohort_hours))::integer * x.cohort_hours as cohort
from (
    select unit, experiment, min(variant) as variant, min(epoch) as epoch, min(occurred_at) as first_at
    from seen
    where kind = 1
    group by unit, experiment
) e
join experiments x on x.no = e.experiment;

-- Every metric event beside each exposure that it is for.
create temporary table expected_metric on commit drop as
select u.unit, u.experiment, u.variant, u.epoch, u.cohort, u.first_at, e.metric, e.value, e.occurred_at,
       e.experiment is null as loose, m.slot, m.window_seconds
from seen e
join expected_unit u on u.unit = e.unit and (u.experiment = e.experiment or (e.experiment is null and u.unit_type = coalesce(e.unit_type, 'user')))
left join experiment_metric m on m.experiment = u.experiment and m.metric = e.metric
where e.kind in (2, 3);

create temporary table expected_total on commit drop as
select *
from (
    select unit, experiment, variant, epoch, cohort, metric, slot,
           count(*) filter (where inside) as c, coalesce(sum(value) filter (where inside), 0) as y,
           coalesce(sum(value) filter (where ahead), 0) as x, min(occurred_at) filter (where inside) as f
    from (
        select *, occurred_at >= first_at and occurred_at - first_at < make_interval(secs => window_seconds) as inside,
               occurred_at < first_at and first_at - occurred_at <= interval '720 hours' as ahead
        from expected_metric
        where slot is not null
    ) e
    group by unit, experiment, variant, epoch, cohort, metric, slot
) t
where c > 0 or x <> 0;

create temporary table expected_moments on commit drop as
select 1::smallint as span, experiment, variant, epoch, cohort, 0 as metric, count(*) as n, 0::numeric as s1, 0::numeric as s2, 0::numeric as s3,
       0::numeric as x1, 0::numeric as x2, 0::numeric as xy
from expected_unit
group by experiment, variant, epoch, cohort
union all
select 1::smallint, experiment, variant, epoch, cohort, metric, count(*) filter (where c > 0), sum(y), sum(y ^ 2), sum(y ^ 3), sum(x), sum(x ^ 2), sum(x * y)
from expected_total
group by experiment, variant, epoch, cohort, metric;

insert into expected_moments
select 0::smallint, experiment, variant, 0, 0, metric, sum(n), sum(s1), sum(s2), sum(s3), sum(x1), sum(x2), sum(xy)
from expected_moments
group by experiment, variant, metric;

create temporary table expected_rollup on commit drop as
select experiment, variant, metric, span,
       case unit when 'all' then '-infinity' else date_trunc(unit, at, 'UTC') end as at,
       sum(events) as events, sum(total) as total, sum(units) as units
from (
    select experiment, variant, case kind when 1 then 0 else metric end as metric, occurred_at as at, 1 as events,
           case kind when 1 then 0 else value end as total, 0 as units
    from seen
    where experiment is not null
    union all
    select experiment, variant, metric, occurred_at, 1, value, 0 from expected_metric where loose and occurred_at >= first_at
    union all
    select experiment, variant, 0, first_at, 0, 0, 1 from expected_unit
    union all
    select experiment, variant, metric, f, 0, 0, 1 from expected_total where c > 0
) e
cross join (values (0::smallint, 'all'), (1::smallint, 'hour'), (2::smallint, 'minute'), (3::smallint, 'day')) s (span, unit)
where span <> 2 or date_trunc('minute', at, 'UTC') >= (select minutes_from from fold_lock)
group by 1, 2, 3, 4, 5;

-- The values of each exposed unit, by the metrics that something is derived of: place 1, 2, … as they are declared.
create temporary table expected_value on commit drop as
select u.unit, u.experiment, d.metric, u.variant, u.epoch, u.cohort, p.place, p.place <= cardinality(d.totals) as own,
       case
           when p.place <= cardinality(d.totals) and d.indicator[p.place] then case when t.c > 0 then 1000000 else 0 end
           when p.slot <> d.totals[1] or d.cap is null then coalesce(p.value, 0)
           when coalesce(p.value, 0) > d.cap then d.cap
           else coalesce(p.value, 0)
       end as value
from expected_unit u
join derived_metric d on d.experiment = u.experiment and d.whole and not d.sketch
cross join lateral unnest(d.totals || d.before) with ordinality s (slot, place)
left join expected_total t on t.unit = u.unit and t.experiment = u.experiment and t.slot = s.slot
cross join lateral (
    select s.place::integer as place, s.slot, case when s.place <= cardinality(d.totals) then t.y else t.x end as value
) p;

create temporary table expected_delay on commit drop as
select u.experiment, d.metric, u.variant, u.epoch, u.cohort,
       sum(case when t.c > 0 then 86400000000 * extract(day from t.f - u.first_at) + extract(microsecond from t.f - u.first_at)
                     + 60000000 * extract(minute from t.f - u.first_at) + 3600000000 * extract(hour from t.f - u.first_at)
                else 0 end) as total
from expected_unit u
join derived_metric d on d.experiment = u.experiment and d.whole and d.delay is not null
left join expected_total t on t.unit = u.unit and t.experiment = u.experiment and t.slot = d.delay
group by u.experiment, d.metric, u.variant, u.epoch, u.cohort;

create temporary table expected_joint on commit drop as
select experiment, metric, variant, epoch, cohort, 1 as degree, place as i, 0 as j, 0 as k, sum(value) as total
from expected_value
group by experiment, metric, variant, epoch, cohort, place
union all
select a.experiment, a.metric, a.variant, a.epoch, a.cohort, 2, a.place, b.place, 0, sum(a.value * b.value)
from expected_value a
join expected_value b on b.unit = a.unit and b.experiment = a.experiment and b.metric = a.metric and b.place >= a.place
group by 1, 2, 3, 4, 5, 7, 8
union all
select a.experiment, a.metric, a.variant, a.epoch, a.cohort, 3, a.place, b.place, c.place, sum(a.value * b.value * c.value)
from expected_value a
join expected_value b on b.unit = a.unit and b.experiment = a.experiment and b.metric = a.metric and b.place >= a.place
join expected_value c on c.unit = a.unit and c.experiment = a.experiment and c.metric = a.metric and c.place >= b.place
where a.own and b.own and c.own
group by 1, 2, 3, 4, 5, 7, 8, 9
union all
select experiment, metric, variant, epoch, cohort, 4, 0, 0, 0, total from expected_delay;

-- By repeated halving, where the fold looks the width up.
create temporary table expected_bucket on commit drop as
select t.experiment, t.metric, t.variant,
       (sign(t.y) * (h.shift * 1024 + div(abs(t.y), 2::numeric ^ h.shift)))::integer as bucket
from expected_total t
join derived_metric d on d.experiment = t.experiment and d.metric = t.metric and d.whole and d.sketch
cross join lateral (
    with recursive half as (
        select 0 as shift, trunc(abs(t.y)) as rest
        union all
        select shift + 1, div(rest, 2) from half where rest >= 2048
    )
    select max(shift) as shift from half
) h
where t.c > 0;
