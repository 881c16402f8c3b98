//! Numbers, times and sizes as people read them. No clock and no locale: the server and the browser render the same.

use domain::Millis;

/// `2026-11-19 16:37:50`, in UTC.
pub fn timestamp(millis: Millis) -> String {
    let seconds = millis.div_euclid(1000);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60)
}

/// The Gregorian date of a day counted from the epoch (the usual era arithmetic, 400 years at a time).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The last millisecond (UTC) of a day such as `2026-11-24`; `None` for other texts.
pub fn end_of_day(day: &str) -> Option<Millis> {
    let mut parts =
        day.split('-').map(|part| part.parse::<i64>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit())));
    let (Some(Some(year)), Some(Some(month)), Some(Some(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The inverse of `civil`: years begin in March, so that leap days come last.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    (civil(days) == (year, month, day)).then_some((days + 1) * 86_400_000 - 1)
}

/// `3 days ago`, `in 2 hours`, `just now`.
pub fn relative(millis: Millis, now: Millis) -> String {
    let distance = (now - millis).abs() / 1000;
    let (count, unit) = match distance {
        0..=44 => return "just now".to_owned(),
        45..=2_699 => ((distance + 30) / 60, "minute"),
        2_700..=79_199 => ((distance + 1_800) / 3_600, "hour"),
        79_200..=2_246_399 => ((distance + 43_200) / 86_400, "day"),
        2_246_400..=29_808_000 => ((distance + 1_296_000) / 2_592_000, "month"),
        _ => ((distance + 15_768_000) / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if now >= millis { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

/// `340 ms`, `12.0 s`, `7.6 min`, `3.2 h`, `2.1 d`.
#[expect(clippy::cast_precision_loss, reason = "a duration that is rounded anyway")]
pub fn duration(millis: Millis) -> String {
    let seconds = millis as f64 / 1000.0;
    match seconds {
        s if s < 1.0 => format!("{millis} ms"),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3_600.0 => format!("{:.1} min", s / 60.0),
        s if s < 86_400.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

/// `0 B`, `1.5 KiB`, `3.0 GiB`.
#[expect(clippy::cast_precision_loss, reason = "a size that is rounded anyway")]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A metric's value in at most six significant digits: `0.962637`, `12`, `1.5e-7`, `NaN`.
pub fn metric(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "NaN".into() } else { value.to_string() };
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value}");
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        let text = format!("{value:.5e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trim_zeros(digits));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 11")]
    let decimals = (5.0 - magnitude).max(0.0) as usize;
    trim_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn trim_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(timestamp(0), "1970-01-01 00:00:00");
        assert_eq!(timestamp(951_827_696_123), "2000-02-29 12:34:56");
        assert_eq!(timestamp(-1), "1969-12-31 23:59:59");
        assert_eq!(relative(0, 60_000), "1 minute ago");
        assert_eq!(relative(0, 3 * 86_400_000), "3 days ago");
        assert_eq!(relative(7_200_000, 0), "in 2 hours");
    }

    #[test]
    fn days_end() {
        for (day, end) in [
            ("1970-01-01", "1970-01-01 23:59:59"),
            ("2000-02-29", "2000-02-29 23:59:59"),
            ("2026-12-31", "2026-12-31 23:59:59"),
            ("1969-03-01", "1969-03-01 23:59:59"),
        ] {
            assert_eq!(end_of_day(day).map(timestamp).as_deref(), Some(end));
        }
        for nonsense in ["", "2026", "2026-13-01", "2025-02-29", "2026-04-31", "2026-1-1-1", "+2026-01-01", "a-b-c"] {
            assert_eq!(end_of_day(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn numbers() {
        for (value, text) in [
            (0.962_637_26, "0.962637"),
            (12.0, "12"),
            (1.5e-7, "1.5e-7"),
            (1234.5678, "1234.57"),
            (f64::NAN, "NaN"),
            (-0.5, "-0.5"),
            (f64::MAX, "1.79769e308"),
        ] {
            assert_eq!(metric(value), text);
        }
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(duration(456_000), "7.6 min");
    }
}
