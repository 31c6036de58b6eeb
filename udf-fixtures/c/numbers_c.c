/* Plain functions over numbers: a core module without imports, for the BASIC ABI. */

#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* Steps of the Collatz sequence down to 1; -1 where there are none, or where a step leaves the range. */
EXPORT("collatz")
int32_t collatz(int64_t start)
{
    if (start <= 0)
        return -1;
    uint64_t n = (uint64_t)start;
    int32_t steps = 0;
    while (n != 1) {
        if (n & 1) {
            if (n > (UINT64_MAX - 1) / 3)
                return -1;
            n = 3 * n + 1;
        } else {
            n /= 2;
        }
        steps++;
    }
    return steps;
}

/* Degrees Celsius of degrees Fahrenheit. */
EXPORT("celsius")
double celsius(double fahrenheit)
{
    return (fahrenheit - 32.0) * 5.0 / 9.0;
}

/* The quotient. A zero divisor traps, and so does the one quotient that is out of range. */
EXPORT("divide")
int32_t divide(int32_t a, int32_t b)
{
    return a / b;
}
