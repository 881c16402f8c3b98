//! SQLite: numbers within JSON that say exactly which number they are.
//!
//! SQLite's JSON has 15 digits of a number, which is not enough, and more digits of `format` are slow and right only for
//! numbers from about 1e-82 to 9e18 (it gets to them by multiplying with powers of ten). So the numbers that metrics
//! mostly are go as integers, in units of 2^-60, and the others as digits, brought into that range by powers of two.
//! Multiplying with a power of two is exact.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// The column `value` (with its flag `is_nan`) as JSON that [`Number`] reads: an integer in units of 2^-60, null for
/// NaN, or a text of digits, with a mark `^n` if they have to be multiplied with 2^(330 n).
macro_rules! sqlite_number {
    () => {
        $crate::metrics::exact::sqlite_number!("(1.0 * (1<<55) * (1<<55) * (1<<55) * (1<<55) * (1<<55) * (1<<55))")
    };
    // 2^330
    ($scale:literal) => {
        concat!(
            // 2^-8 to 2^2: all 53 bits of such a number are above 2^-61.
            "CASE WHEN is_nan THEN NULL ",
            "WHEN abs(value) BETWEEN 0.00390625 AND 4 OR value = 0 THEN CAST(value * (1<<60) AS INTEGER) ",
            // All 19 digits, of which the last may be off by two.
            "WHEN abs(value) BETWEEN 1e-82 AND 9e18 THEN format('%!.19g', value) ",
            "WHEN abs(value) > 1 THEN CASE ",
            "WHEN abs(value) < 1e118 THEN format('%!.19g^1', value / ",
            $scale,
            ") WHEN abs(value) < 1e217 THEN format('%!.19g^2', value / ",
            $scale,
            " / ",
            $scale,
            ") ELSE format('%!.19g^3', value / ",
            $scale,
            " / ",
            $scale,
            " / ",
            $scale,
            ") END ELSE CASE ",
            "WHEN abs(value) > 1e-181 THEN format('%!.19g^-1', value * ",
            $scale,
            ") WHEN abs(value) > 1e-280 THEN format('%!.19g^-2', value * ",
            $scale,
            " * ",
            $scale,
            ") ELSE format('%!.19g^-3', value * ",
            $scale,
            " * ",
            $scale,
            " * ",
            $scale,
            ") END END"
        )
    };
}
pub(crate) use sqlite_number;

/// A number that [`sqlite_number!`] wrote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number(pub(crate) f64);

const fn power_of_two(exponent: u64) -> f64 {
    f64::from_bits((1023 + exponent) << 52)
}

impl Number {
    fn from_text(text: &str) -> Option<f64> {
        let Some((digits, scaled)) = text.split_once('^') else { return text.parse().ok() };
        let scaled: i8 = scaled.parse().ok()?;
        let factor = if scaled > 0 { power_of_two(330) } else { power_of_two(330).recip() };
        Some((0..scaled.unsigned_abs()).fold(digits.parse().ok()?, |number: f64, _| number * factor))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number as the statement writes it")
            }
            #[expect(clippy::cast_precision_loss, reason = "it was made of a double by adding zero bits")]
            fn visit_i64<E>(self, v: i64) -> Result<Number, E> {
                Ok(Number(v as f64 / power_of_two(60)))
            }
            #[expect(clippy::cast_precision_loss, reason = "it was made of a double by adding zero bits")]
            fn visit_u64<E>(self, v: u64) -> Result<Number, E> {
                Ok(Number(v as f64 / power_of_two(60)))
            }
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Number, E> {
                Number::from_text(v).map(Number).ok_or_else(|| E::invalid_value(de::Unexpected::Str(v), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
