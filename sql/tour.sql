-- A tour of wasmfusion: functions in Rust, C, AssemblyScript and WebAssembly text, on real data.
--
-- From the root of the repository:  cargo run --release -- -f sql/tour.sql
--
-- Every function below runs in a sandbox without files, network or clock. The modules are built already; their sources
-- are in udf-fixtures/. Most results are held against something that was not computed by the function.

-- The data: all flights from New York City in 2013, airports, and texts that people have rated (sql/data/README.md).
CREATE EXTERNAL TABLE flights STORED AS PARQUET LOCATION 'sql/data/flights.parquet';
CREATE EXTERNAL TABLE airports STORED AS PARQUET LOCATION 'sql/data/airports.parquet';
CREATE EXTERNAL TABLE reviews STORED AS PARQUET LOCATION 'sql/data/reviews.parquet';

-- 1. A core module from Rust, ABI BASIC: a plain function over numbers. The module says nothing of SQL types, so the
-- statement does. DataFusion has no great-circle distance; now it has one, in kilometres.
CREATE FUNCTION haversine(lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE) RETURNS DOUBLE
AS WASM FROM INFILE 'udf-fixtures/built/geo.wasm';

-- It agrees with the distances that the airlines reported, in whole miles of 1.609344 km: less than half a percent
-- apart but for two short hops, of which one is 17 miles long.
CREATE VIEW routes AS
SELECT DISTINCT origin, dest, distance AS reported, haversine(o.lat, o.lon, d.lat, d.lon) / 1.609344 AS computed
FROM flights JOIN airports o ON origin = o.faa JOIN airports d ON dest = d.faa;

SELECT count(*) AS routes, round(avg(error), 4) AS mean_error, round(max(error), 4) AS max_error,
       count(*) FILTER (WHERE error > 0.005) AS above_half_a_percent
FROM (SELECT abs(computed / reported - 1) AS error FROM routes);

-- Wherever DataFusion takes an expression it takes a Wasm function: here in WHERE and in ORDER BY.
SELECT faa, name, round(haversine(lat, lon, 40.64, -73.78)) AS km_from_jfk
FROM airports WHERE haversine(lat, lon, 40.64, -73.78) BETWEEN 1 AND 25
ORDER BY haversine(lat, lon, 40.64, -73.78) LIMIT 3;

-- 2. A component from Rust, ABI CANONICAL: it knows its types (WIT, inside the module), strings among them, so the
-- statement need not repeat them. One module can hold many functions.
CREATE FUNCTION sentiment AS WASM FROM INFILE 'udf-fixtures/built/text.wasm';
CREATE FUNCTION word_count AS WASM FROM INFILE 'udf-fixtures/built/text.wasm';

-- How pleased does a text sound, and how pleased did people find it? A lexicon of some hundred words gets the drift of
-- tweets, and less of what newspapers write.
SELECT source, count(*) AS texts, round(avg(word_count(text)), 1) AS words,
       round(corr(sentiment(text), rating), 2) AS correlation
FROM reviews GROUP BY source ORDER BY correlation DESC;

-- Types can be given, too; they are checked against the module. A dash in a name is an underscore in SQL, and
-- result<s64, string> is an error of the row that has it: try SELECT checked_div(dep_delay, 0) FROM flights.
CREATE FUNCTION checked_div(a BIGINT, b BIGINT) RETURNS BIGINT
AS WASM ABI CANONICAL FROM INFILE 'udf-fixtures/built/text.wasm' USING EXPORT 'checked-div';

SELECT count(*) AS flights,
       count(*) FILTER (WHERE checked_div(sched_dep_time, 100) IS DISTINCT FROM hour) AS differences
FROM flights;

-- 3. From C: a core module, with its WIT in a file beside it. DataFusion has a levenshtein of its own, so ours gets
-- another name: USING EXPORT says what it is called in the module.
CREATE FUNCTION soundex
AS WASM FROM INFILE 'udf-fixtures/built/text_c.wasm' WITH WIT FROM INFILE 'udf-fixtures/c/wit/text-c.wit';
CREATE FUNCTION edit_distance
AS WASM FROM INFILE 'udf-fixtures/built/text_c.wasm' WITH WIT FROM INFILE 'udf-fixtures/c/wit/text-c.wit'
USING EXPORT 'levenshtein';

SELECT count(*) AS pairs, count(*) FILTER (WHERE ours IS DISTINCT FROM theirs) AS differences
FROM (SELECT edit_distance(a.name, b.name) AS ours, levenshtein(a.name, b.name) AS theirs
      FROM airports a JOIN airports b ON soundex(a.name) = soundex(b.name));

-- Which airport is that?
SELECT faa, name, edit_distance(lower(name), 'san fransisco intl') AS edits FROM airports ORDER BY edits, faa LIMIT 3;

-- First words of airport names that sound alike.
SELECT soundex(word) AS code, count(*) AS words, string_agg(word, ', ' ORDER BY word) AS which
FROM (SELECT DISTINCT split_part(name, ' ', 1) AS word FROM airports)
GROUP BY code ORDER BY words DESC, code LIMIT 3;

-- 4. From AssemblyScript: how late is a flight? The CASE below says the same in SQL. A null never reaches a function
-- whose parameter has no null: cancelled flights have no delay, and so no class.
CREATE FUNCTION delay_class(minutes DOUBLE) RETURNS INT
AS WASM FROM INFILE 'udf-fixtures/built/numbers_as.wasm' USING EXPORT 'delayClass';

WITH classes AS (
    SELECT delay_class(dep_delay) AS class,
           CASE WHEN dep_delay <= 0 THEN 0 WHEN dep_delay < 15 THEN 1 WHEN dep_delay < 60 THEN 2
                WHEN dep_delay < 180 THEN 3 WHEN dep_delay >= 180 THEN 4 END AS expected
    FROM flights)
SELECT class, count(*) AS flights, count(*) FILTER (WHERE class IS DISTINCT FROM expected) AS differences
FROM classes GROUP BY class ORDER BY class;

-- 5. Nulls for those who want them: a parameter of type option<string> gets none, and an optional result makes nulls.
-- This function takes the first of three that is there.
CREATE FUNCTION first_of AS WASM FROM INFILE 'udf-fixtures/built/types.component.wasm' USING EXPORT 'pick';

SELECT count(*) AS flights, count(*) FILTER (WHERE tailnum IS NULL) AS without_tail_number,
       count(*) FILTER (WHERE first IS DISTINCT FROM coalesce(tailnum, carrier)) AS differences
FROM (SELECT tailnum, carrier, first_of(tailnum, NULL, carrier) AS first FROM flights);

-- 6. Table functions: a list is rows, a record is columns. Called on columns of what stands before it in FROM, a table
-- function is joined laterally: these are the words of all reviews, and those that go with the best and the worst ratings.
CREATE FUNCTION words RETURNS TABLE (word VARCHAR) AS WASM FROM INFILE 'udf-fixtures/built/tables.wasm';

CREATE VIEW word_ratings AS
SELECT word, count(*) AS reviews, round(avg(rating), 2) AS rating
FROM (SELECT DISTINCT r.rowid, w.word, r.rating
      FROM (SELECT row_number() OVER () AS rowid, text, rating FROM reviews) AS r, words(r.text) AS w)
WHERE length(word) > 3 GROUP BY word HAVING count(*) >= 100;

(SELECT 'best' AS which, * FROM word_ratings ORDER BY rating DESC LIMIT 5)
UNION ALL
(SELECT 'worst' AS which, * FROM word_ratings ORDER BY rating LIMIT 5)
ORDER BY rating DESC;

-- Declared columns, arguments by name, and an ordinality. DataFusion's own functions say the same.
CREATE FUNCTION split_str(phrase VARCHAR, delim VARCHAR) RETURNS TABLE (str VARCHAR, idx INT)
AS WASM FROM INFILE 'udf-fixtures/built/tables.wasm';

SELECT * FROM split_str(delim => '-', phrase => 'row functions-at-columnar speed') WITH ORDINALITY;

SELECT count(*) AS differences
FROM (SELECT name, str FROM airports, split_str(airports.name, ' ')
      EXCEPT ALL SELECT name, unnest(string_to_array(name, ' ')) FROM airports);

-- A whole library in a guest: serde_json takes documents apart. LEFT JOIN keeps those that have nothing to take.
CREATE FUNCTION flatten_json RETURNS TABLE AS WASM FROM INFILE 'udf-fixtures/built/tables.wasm';

SELECT id, j.name, j.value
FROM (VALUES (1, '{"faa": "JFK", "at": {"lat": 40.64, "lon": -73.78}}'), (2, '[]'), (3, '["a", null]')) AS d(id, doc)
LEFT JOIN LATERAL flatten_json(d.doc) AS j ON true ORDER BY id, j.name;

-- One row of four columns for each text: a scalar function with several results.
CREATE FUNCTION sentiment_of RETURNS TABLE AS WASM FROM INFILE 'udf-fixtures/built/tables.wasm';

SELECT source, round(avg(compound), 2) AS compound, round(avg(positive), 3) AS positive,
       round(avg(negative), 3) AS negative, round(corr(compound, rating), 2) AS correlation
FROM reviews, sentiment_of(text) GROUP BY source ORDER BY correlation DESC;

-- In an expression, a table function gives its list.
SELECT faa, split_str(name, ' ') AS parts FROM airports ORDER BY faa LIMIT 2;

-- 7. WebAssembly text is a module as well, and this is the form of CREATE FUNCTION that other databases know.
CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT
LANGUAGE wasm IMMUTABLE STRICT AS 'udf-fixtures/wat/numbers.wat', 'plus';

-- A function is IMMUTABLE unless it says otherwise, so a call on constants is done once, at planning: the filter of
-- this plan compares with 45, where the query has plus(40, 5).
SET datafusion.explain.logical_plan_only = true;
EXPLAIN SELECT count(*) FROM flights WHERE plus(dep_delay, 0) > plus(40, 5);

-- CREATE OR REPLACE puts another function under the same name; DROP FUNCTION removes it.
CREATE OR REPLACE FUNCTION plus(a INT, b INT) RETURNS INT
AS WASM FROM INFILE 'udf-fixtures/built/geo.wasm' USING EXPORT 'gcd';
SELECT plus(54, 24) AS now_the_greatest_common_divisor;
DROP FUNCTION plus;

-- 8. What the functions did, and what the engine holds. Compiled code is kept on disk: the second run of this tour
-- compiles nothing. SET wasm.… changes the limits, here the time that a call may take.
SELECT name, signature, calls, rows, wasm_ns / greatest(rows, 1) AS ns_per_row FROM wasm_functions ORDER BY name;
SELECT * FROM wasm_status;
SET wasm.timeout_ms = 1000;
SHOW wasm.timeout_ms;
