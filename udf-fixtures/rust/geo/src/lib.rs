//! Plain functions over numbers: a core module without imports, for the BASIC ABI.

/// Mean radius of the Earth in kilometres.
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Great-circle distance in kilometres between two points given in degrees.
#[unsafe(no_mangle)]
pub extern "C" fn haversine(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> f64 {
    let (lat1, lat2) = (lat1.to_radians(), lat2.to_radians());
    let (lon1, lon2) = (lon1.to_radians(), lon2.to_radians());
    let lat = ((lat2 - lat1) / 2.0).sin();
    let lon = ((lon2 - lon1) / 2.0).sin();
    let h = lat * lat + lat1.cos() * lat2.cos() * lon * lon;
    2.0 * EARTH_RADIUS_KM * h.min(1.0).sqrt().asin()
}

/// `base` to the power of `exponent`.
#[unsafe(no_mangle)]
pub extern "C" fn power(base: f64, exponent: f64) -> f64 {
    base.powf(exponent)
}

/// Greatest common divisor of the absolute values, by Euclid. The one result that an i32 cannot hold, 2^31, wraps.
#[unsafe(no_mangle)]
pub extern "C" fn gcd(a: i32, b: i32) -> i32 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a as i32
}

/// The sum, wrapping around at the ends of the range.
#[unsafe(no_mangle)]
pub extern "C" fn add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// Whether the decimal digits pass the Luhn check of card numbers (1) or not (0, as for every negative number).
#[unsafe(no_mangle)]
pub extern "C" fn luhn(number: i64) -> i32 {
    if number < 0 {
        return 0;
    }
    let (mut rest, mut sum, mut double) = (number as u64, 0, false);
    while rest != 0 {
        let digit = rest % 10;
        sum += match (double, digit) {
            (false, d) => d,
            (true, d) if d < 5 => 2 * d,
            (true, d) => 2 * d - 9,
        };
        double = !double;
        rest /= 10;
    }
    i32::from(sum % 10 == 0)
}
