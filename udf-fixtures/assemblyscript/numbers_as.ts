// Plain functions over numbers, for the BASIC ABI: a core module without imports. With the stub runtime nothing is ever
// freed: digitSum is the guest that leaks.

/** How late: 0 early or on time, 1 below 15 minutes, 2 below an hour, 3 below three hours, 4 more. */
export function delayClass(minutes: f64): i32 {
  if (minutes <= 0) return 0;
  if (minutes < 15) return 1;
  if (minutes < 60) return 2;
  return minutes < 180 ? 3 : 4;
}

/** Whether a year of the Gregorian calendar has 366 days. */
export function isLeap(year: i32): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/** The sum of the decimal digits, by way of a string. */
export function digitSum(n: i64): i32 {
  const digits = n.toString();
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(i) - 48;
    if (digit >= 0) sum += digit;
  }
  return sum;
}
