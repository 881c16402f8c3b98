//! Rows of a search that tell where they stand in its order.

use rusqlite::types::ValueRef;
use sqlx::postgres::PgRow;
use sqlx::{Column, FromRow, Row, TypeInfo};

use super::{Place, Value};
use crate::sqlite::FromSqlite;

/// What the columns of a place are called, before their number. They are the last ones.
pub(super) const PLACE: &str = "place_";

/// A row, and its place if the search shows it.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The row.
    pub row: T,
    pub(super) place: Option<Place>,
}

/// The numbers of the columns that make the place.
fn columns(count: usize, is_place: impl Fn(usize) -> bool) -> std::ops::Range<usize> {
    let first = (0..count).rev().take_while(|column| is_place(*column)).last();
    first.unwrap_or(count)..count
}

impl<T: for<'r> FromRow<'r, PgRow>> FromRow<'_, PgRow> for Placed<T> {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let columns = columns(row.len(), |i| row.column(i).name().starts_with(PLACE));
        let value = |i| {
            Ok(match row.column(i).type_info().name() {
                "INT8" => row.try_get::<Option<_>, _>(i)?.map(Value::Integer),
                "FLOAT8" => row.try_get::<Option<_>, _>(i)?.map(Value::Number),
                _ => row.try_get::<Option<_>, _>(i)?.map(Value::Text),
            }
            .unwrap_or(Value::Null))
        };
        let place = columns.map(value).collect::<sqlx::Result<Place>>()?;
        Ok(Self { row: T::from_row(row)?, place: Some(place).filter(|place| !place.is_empty()) })
    }
}

impl<T: FromSqlite> FromSqlite for Placed<T> {
    fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let statement = row.as_ref();
        let is_place = |i| statement.column_name(i).is_ok_and(|name| name.starts_with(PLACE));
        let value = |i| {
            Ok(match row.get_ref(i)? {
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Number(number),
                ValueRef::Null => Value::Null,
                ValueRef::Text(_) | ValueRef::Blob(_) => Value::Text(row.get(i)?),
            })
        };
        let place = columns(statement.column_count(), is_place).map(value).collect::<rusqlite::Result<Place>>()?;
        Ok(Self { row: T::from_sqlite(row)?, place: Some(place).filter(|place| !place.is_empty()) })
    }
}
