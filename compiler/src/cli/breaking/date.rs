//! Days, as `YYYY-MM-DD`.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day it is, in UTC.
    pub fn today() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut days = since.as_secs() / 86_400;
        let mut year = 1970;
        while days >= days_of_year(year) {
            days -= days_of_year(year);
            year += 1;
        }
        let mut month = 1;
        while days >= u64::from(days_of_month(year, month)) {
            days -= u64::from(days_of_month(year, month));
            month += 1;
        }
        Self { year, month, day: days as u8 + 1 }
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('-').collect();
        let number = |part: &str, digits: usize| {
            (part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())?
        };
        let date = match parts[..] {
            [year, month, day] => number(year, 4).zip(number(month, 2)).zip(number(day, 2)),
            _ => None,
        };
        match date {
            Some(((year, month @ 1..=12), day @ 1..=31)) if day <= u16::from(days_of_month(year, month as u8)) => {
                Ok(Self { year, month: month as u8, day: day as u8 })
            }
            _ => Err(format!("`{}` is no day; YYYY-MM-DD is expected", text.escape_debug())),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    /// Without this, an allowance could end on another day than it says, or never.
    #[test]
    fn days() {
        let date = |text: &str| text.parse::<Date>();
        for text in ["2026-01-31", "2024-02-29", "2000-02-29", "2026-12-01", "0001-01-01"] {
            assert_eq!(date(text).map(|date| date.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-1-1",
            "26-01-01",
            "2026-01-01T00:00",
            "+026-01-01",
            "2026/01/01",
        ] {
            assert!(date(text).is_err(), "{text}");
        }
        assert!(date("2026-12-01") > date("2026-11-30") && date("2027-01-01") > date("2026-12-31"));
        assert!(Date::today() > date("2026-01-01").expect("a day"));
    }
}
