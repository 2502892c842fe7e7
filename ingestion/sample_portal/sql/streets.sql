-- The grid: streets, their stretches through the cells of the city, their
-- crossings.
create table streets as
select
    name,
    runs,
    traffic,
    case runs when 'ns' then number / 800.0 else miles_at(number) end
        as at_miles
from street_list;

create table stretches as
with stretch as (
    select
        s.name,
        s.runs,
        s.traffic,
        s.at_miles,
        c.row_no,
        c.column_no,
        case s.runs when 'ns' then c.row_no else c.column_no end * 0.5 + 0.0625
            as from_miles,
        sqrt(
            (c.row_no / 2.0) ** 2 + (c.column_no / 2.0) ** 2
        ) as miles_from_loop
    from streets as s
    inner join cells as c
        on
            (s.runs = 'ns' and cell_at(s.at_miles) = c.column_no)
            or (s.runs = 'ew' and cell_at(s.at_miles) = c.row_no)
),

crossed as (
    select
        n.name as ns_name,
        e.name as ew_name,
        n.at_miles as x,
        e.at_miles as y,
        n.traffic as ns_traffic,
        e.traffic as ew_traffic
    from streets as n
    cross join streets as e
    where n.runs = 'ns' and e.runs = 'ew' and n.traffic + e.traffic >= 3
),

with_crossings as (
    select
        s.*,
        coalesce((
            select list(case s.runs when 'ns' then x.y else x.x
                end order by x.x, x.y)
            from crossed as x
            where
                case s.runs when 'ns' then x.ns_name else x.ew_name end = s.name
                and cell_at(x.x) = s.column_no
                and cell_at(x.y) = s.row_no
        ), []) as crossings,
        -- the Loop is dense, the airport has few streets
        s.traffic * (1 + 3 * exp(-((s.miles_from_loop / 1.5) ** 2)))
        * exp(-s.miles_from_loop / 14)
        * case when s.column_no < -21 then 0.1 else 1 end as weight
    from stretch as s
),

counted as (
    select
        *,
        sum(weight) over (
            order by name, runs, row_no, column_no rows unbounded preceding
        ) as weight_to,
        sum(weight) over () as weight_of_all
    from with_crossings
)

select
    * exclude (weight, weight_to, weight_of_all, miles_from_loop),
    (weight_to - weight) / weight_of_all as starts
from counted
order by starts;

create table crossings as
select
    n.name as ns_name,
    e.name as ew_name,
    n.at_miles as x,
    e.at_miles as y,
    n.traffic + e.traffic as traffic,
    row_number() over (order by n.at_miles, e.at_miles) as crossing_no
from streets as n
cross join streets as e
inner join cells as c
    on cell_at(n.at_miles) = c.column_no and cell_at(e.at_miles) = c.row_no
where n.runs = 'ns' and e.runs = 'ew' and n.traffic >= 2 and e.traffic >= 2
order by crossing_no;

-- Days with the share of all crashes that came before them; a Friday has more
-- than a Sunday.
create table days as
with weighted as (
    select
        d.day::date as day,
        m.crashes * [0.87, 0.94, 0.98, 1.0, 1.02, 1.14, 1.05][dayofweek(d.day)
            + 1]
        / extract(day from least(last_day(m.month), date '2026-08-03'))
            as weight
    from month_list as m,
        generate_series(
            m.month::timestamp,
            least(last_day(m.month), date '2026-08-03')::timestamp,
            interval 1 day
        ) as d (day)
)

select
    day,
    (sum(weight) over (order by day rows unbounded preceding) - weight)
    / sum(weight) over () as starts
from weighted
order by day;
