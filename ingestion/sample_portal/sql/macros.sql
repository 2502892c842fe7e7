-- Chance without state: the same key and purpose give the same number on any
-- run and thread. The outer hash is needed because DuckDB joins the hashes of
-- several values by xor alone.
create macro chance(k, purpose) as
    (hash(hash(k, purpose)) >> 11) / 9007199254740992.0;

create macro one_of(k, purpose, n) as
    floor(chance(k, purpose) * n)::integer;

create macro yes_or_no(k, purpose, yes_share, no_share) as
    case
        when chance(k, purpose) < yes_share then 'Y'
        when chance(k, purpose) < yes_share + no_share then 'N'
    end;

-- Miles from State and Madison to degrees: a mile is 1609.344 m, a degree at
-- 41.85 N is 111 073 m of latitude and 83 040 m of longitude.
create macro latitude_of(miles_north) as 41.8820 + miles_north * 0.0144890;

create macro longitude_of(miles_east) as -87.6278 + miles_east * 0.0193800;

-- 800 numbers to the mile, but for the first three miles south, which were
-- numbered before the grid was: Roosevelt 1200, Cermak 2200, 31st Street 3100.
create macro number_at(miles_north) as
    case
        when miles_north >= 0 then miles_north * 800
        when miles_north >= -1 then -miles_north * 1200
        when miles_north >= -2 then 1200 + (-miles_north - 1) * 1000
        when miles_north >= -3 then 2200 + (-miles_north - 2) * 900
        else 3100 + (-miles_north - 3) * 800
    end;

create macro miles_at(number_north) as
    case
        when number_north >= 0 then number_north / 800.0
        when number_north >= -1200 then number_north / 1200.0
        when number_north >= -2200 then -1 + (number_north + 1200) / 1000.0
        when number_north >= -3100 then -2 + (number_north + 2200) / 900.0
        else -3 + (number_north + 3100) / 800.0
    end;

-- Places are made of half-mile cells whose borders run half a block beside the
-- streets, so that no street is a border.
create macro cell_at(miles) as floor((miles - 0.0625) / 0.5)::integer;

create macro decimals(x, n) as rtrim(printf('%.' || n || 'f', x), '0');

create macro wkt_point(lon, lat, n) as
    'POINT (' || decimals(lon, n) || ' ' || decimals(lat, n) || ')';

-- WESTERN AVE to Western Ave
create macro in_words(name) as
    array_to_string(
        [upper(w[1]) || lower(w[2:]) for w in string_split(name, ' ')], ' '
    );

create macro iso(t) as strftime(t, '%Y-%m-%dT%H:%M:%S.%g');

create macro code_of(k) as
    lower(
        to_base(((hash(hash(k)) >> 2) % 4738381338321616896)::bigint, 36, 12)
    );

create macro row_id(k) as
    'row-' || code_of(k)[1:4] || '-' || code_of(k)[5:8] || '~'
        || code_of(k)[9:12];

-- The publisher writes once a day, everything of that day with one stamp.
create macro stamp_of(day, dataset) as
    day::timestamp + interval 10 hour
    + to_milliseconds((hash(hash(day, dataset)) % 3600000)::bigint);

-- A vehicle's area number n of 12: flagged where it is hit or beside what is
-- hit.
create macro area_flag(k, area, further_areas, n) as
    case
        when (n - area + 12) % 12 <= further_areas
            then if(chance(k, 'no area ' || n) < 0.03, 'N', 'Y')
    end;

-- What happened before March 2021 was published at once, all with one stamp;
-- since then a report appears after a day or some.
create macro published_on(day, k) as
    least(
        date '2026-08-04',
        greatest(
            date '2021-03-01',
            day + 1 + case
                when chance(k, 'lag') < 0.7 then 0
                when chance(k, 'lag') < 0.95 then one_of(k, 'lag in days', 5)
                else one_of(k, 'lag in weeks', 60)
            end
        )
    );

create macro amended_on(day, k) as
    least(
        date '2026-08-04',
        published_on(day, k) + case
            when chance(k, 'amended') < 0.05
                then 1 + one_of(k, 'amended within', 30)
            when chance(k, 'amended') < 0.06
                then 1 + one_of(k, 'amended late', 900)
            else 0
        end
    );

create macro portal_lon(wkt) as
    try_cast(regexp_extract(wkt, 'POINT \((\S+) (\S+)\)', 1) as double);

create macro portal_lat(wkt) as
    try_cast(regexp_extract(wkt, 'POINT \((\S+) (\S+)\)', 2) as double);
