//! What values have to be like, as SQL.

use domain::search::{Comparator, Number, NumberTest, TextTest};
use sea_query::extension::postgres::PgExpr;
use sea_query::{BinOper, Expr, ExprTrait};

use super::Column;
use crate::Dialect;

/// How much of a text the indexes on values hold, in characters.
const INDEXED_CHARS: usize = 200;

/// A number's test.
pub(super) fn number(column: Column, test: NumberTest) -> Expr {
    let (column, value) = (Expr::col(column), bound(test.value));
    match test.comparator {
        Comparator::Eq => column.eq(value),
        Comparator::Ne => column.ne(value),
        Comparator::Lt => column.lt(value),
        Comparator::Le => column.lte(value),
        Comparator::Gt => column.gt(value),
        Comparator::Ge => column.gte(value),
    }
}

/// Two types of numbers are two texts of SQL: Postgres keeps a text's statement with the types that it first had, and would
/// take the bits of one for the other's.
fn bound(number: Number) -> Expr {
    match number {
        Number::Int(value) => Expr::val(value),
        Number::Float(value) => Expr::val(value).cast_as("double precision"),
    }
}

/// A metric's test. NaN is kept as 0 with a flag; it is like no number, and unlike all of them.
pub(super) fn metric(table: &'static str, test: NumberTest) -> Expr {
    let is_nan = Expr::col((table, "is_nan"));
    // Metrics are doubles, also where an integer was written.
    let on_value = number((table, "value"), NumberTest { value: Number::Float(test.value.as_f64()), ..test });
    match test.comparator {
        Comparator::Ne => on_value.or(is_nan),
        _ => on_value.and(is_nan.not()),
    }
}

/// A text's test.
pub(super) fn text(dialect: Dialect, column: Column, test: &TextTest) -> Expr {
    let value = Expr::col(column);
    match (test, dialect) {
        (TextTest::Eq(other), _) => value.eq(other.as_str()),
        (TextTest::Ne(other), _) => value.ne(other.as_str()),
        (TextTest::In(others), _) => value.is_in(others.iter().map(String::as_str)),
        (TextTest::NotIn(others), _) => value.is_not_in(others.iter().map(String::as_str)),
        (TextTest::Like(pattern), Dialect::Sqlite) => value.like(pattern.as_str()),
        (TextTest::Like(pattern), Dialect::Postgres) => value.like(literal_backslashes(pattern)),
        (TextTest::ILike(pattern), Dialect::Sqlite) => value.binary(BinOper::Custom("GLOB"), glob(pattern)),
        // Our columns' own collation knows no letters beyond ASCII.
        (TextTest::ILike(pattern), Dialect::Postgres) => {
            Expr::cust(format!("\"{}\".\"{}\" COLLATE \"default\"", column.0, column.1))
                .ilike(literal_backslashes(pattern))
        }
    }
}

/// A text's test where an index holds the texts' beginnings; see [`INDEXED_CHARS`].
pub(super) fn indexed_text(dialect: Dialect, column: Column, test: &TextTest) -> Expr {
    let exact = text(dialect, column, test);
    match test {
        TextTest::Eq(value) => beginning(column).eq(cut(value)).and(exact),
        TextTest::In(values) => beginning(column).is_in(values.iter().map(|value| cut(value))).and(exact),
        _ => exact,
    }
}

/// What the indexes on values hold.
fn beginning((table, column): Column) -> Expr {
    // With its numbers in the text: placeholders would not be seen to be the index's expression.
    Expr::cust(format!("substr(\"{table}\".\"{column}\", 1, {INDEXED_CHARS})"))
}

/// The beginning of a text that the indexes on values hold.
fn cut(text: &str) -> &str {
    text.char_indices().nth(INDEXED_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// On Postgres a backslash would escape the character after it.
fn literal_backslashes(pattern: &str) -> String {
    pattern.replace('\\', "\\\\")
}

/// The `GLOB` pattern of an `ILIKE` one: SQLite's own `LIKE` and `lower` know no letters beyond ASCII.
fn glob(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() * 4);
    for c in pattern.chars() {
        match c {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '*' | '?' | '[' => out.extend(['[', c, ']']),
            _ => match (single(c.to_lowercase()), single(c.to_uppercase())) {
                (Some(lower), Some(upper)) if lower != upper => out.extend(['[', lower, upper, ']']),
                _ => out.push(c),
            },
        }
    }
    out
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_any_letter_case() {
        assert_eq!(glob("a%Ä_1*[ß"), "[aA]*[äÄ]?1[*][[]ß");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let long = "ä".repeat(INDEXED_CHARS + 1);
        assert_eq!(cut(&long).chars().count(), INDEXED_CHARS);
        assert_eq!(cut("ä"), "ä");
    }
}
