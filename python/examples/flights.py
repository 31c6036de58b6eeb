# %% [markdown]
# # How far do flights fly?
#
# Flights from New York in 2013 have a recorded distance. Here it is compared with the great circle between the airports,
# by a function in WebAssembly (written in Rust: `udf-fixtures/rust/geo`). Cells begin with `# %%`, as notebooks and editors
# know them; run it in the root of the repository.

# %%
import sys

import matplotlib.pyplot as plt
import wasmfusion

ctx = wasmfusion.SessionContext()
ctx.sql("""CREATE FUNCTION haversine(lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE) RETURNS DOUBLE
           AS WASM FROM INFILE 'udf-fixtures/built/geo.wasm'""")
ctx.register_parquet("flights", "sql/data/flights.parquet")
ctx.register_parquet("airports", "sql/data/airports.parquet")

# %% [markdown]
# The recorded distance is in miles, 1.609344 km each.

# %%
routes = ctx.sql("""
    SELECT f.origin, f.dest, count(*) AS flights, avg(f.distance) * 1.609344 AS recorded,
           avg(haversine(o.lat, o.lon, d.lat, d.lon)) AS computed
    FROM flights f JOIN airports o ON f.origin = o.faa JOIN airports d ON f.dest = d.faa
    GROUP BY f.origin, f.dest ORDER BY computed
""")
routes

# %%
frame = routes.to_pandas()
off = (frame.recorded / frame.computed - 1).abs()
print(f"{len(frame)} routes; recorded and computed distances differ by {off.median():.2%} in the middle, {off.max():.1%} at most")

# %%
figure, axes = plt.subplots(figsize=(6, 6))
axes.scatter(frame.computed, frame.recorded, s=frame.flights / 50, alpha=0.5)
axes.axline((0, 0), slope=1, color="grey", linewidth=0.8)
axes.set(xlabel="great circle, km", ylabel="recorded distance, km", title="Routes from New York, 2013")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "flights.svg")
