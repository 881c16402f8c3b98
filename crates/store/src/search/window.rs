//! The rows of a search that make a page: what they are ordered by, where the page starts, how long it is.

use sea_query::{Alias, Expr, ExprTrait, NullOrdering, Order, SelectStatement};
use serde::{Deserialize, Serialize};

use super::placed::PLACE;

/// How an order by a metric ranks its kinds of values, before it looks at the values.
pub(super) const NUMBER: i64 = 0;
pub(super) const NOT_A_NUMBER: i64 = 1;
pub(super) const MISSING: i64 = 2;

/// A page of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// How many rows are passed over, if it is not known after which row the page starts.
    pub offset: u64,
    /// Where the row before the page stands in the search's order. A page that starts there neither repeats nor misses a
    /// row when others are added, and a late one costs no more than the first. A place in another order is not looked at.
    pub after: Option<Place>,
    /// How many rows at most.
    pub limit: u64,
}

/// Where a row stands in an order: the value of each of its steps.
pub type Place = Vec<Value>;

/// A value that rows are ordered by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(String),
    /// None, which comes last.
    Null,
}

impl Value {
    /// A text, if there is one.
    pub(super) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.to_owned()))
    }
}

/// What kind of values a step has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Number,
    Text,
}

/// What rows are ordered by, the most significant first. The last of them must tell any two rows apart.
#[derive(Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    shown: bool,
}

struct Step {
    expr: Expr,
    kind: Kind,
    ascending: bool,
    nullable: bool,
}

impl Steps {
    /// Orders further by what is never null.
    pub(super) fn by(&mut self, expr: impl Into<Expr>, kind: Kind, ascending: bool) {
        self.steps.push(Step { expr: expr.into(), kind, ascending, nullable: false });
    }

    /// Orders further by what may be null.
    pub(super) fn by_nullable(&mut self, expr: impl Into<Expr>, kind: Kind, ascending: bool) {
        self.steps.push(Step { expr: expr.into(), kind, ascending, nullable: true });
    }

    /// Has the search answer with each row's place as [`Placed`], for orders by what the rows themselves do not hold: it
    /// may have changed when it is read once more.
    pub(super) fn show(&mut self) {
        self.shown = true;
    }

    /// `ORDER BY`, and the window's place, offset and limit.
    pub(super) fn apply(self, window: &Window, statement: &mut SelectStatement) {
        match &window.after {
            Some(place) if self.has(place) => {
                statement.and_where(self.after(place));
            }
            _ if window.offset > 0 => {
                statement.offset(window.offset);
            }
            _ => {}
        }
        for (i, Step { expr, ascending, nullable, .. }) in self.steps.into_iter().enumerate() {
            let order = if ascending { Order::Asc } else { Order::Desc };
            let expr = if self.shown {
                let column = Alias::new(format!("{PLACE}{i}"));
                statement.expr_as(expr, column.clone());
                Expr::col(column)
            } else {
                expr
            };
            if nullable {
                statement.order_by_expr_with_nulls(expr, order, NullOrdering::Last);
            } else {
                // An index's own order of nulls, of which there are none, must stay.
                statement.order_by_expr(expr, order);
            }
        }
        statement.limit(window.limit);
    }

    /// Whether a place can be one in this order.
    fn has(&self, place: &Place) -> bool {
        let fits = |(step, value): (&Step, &Value)| match value {
            Value::Integer(_) => step.kind == Kind::Integer,
            Value::Number(number) => step.kind == Kind::Number && number.is_finite(),
            Value::Text(text) => step.kind == Kind::Text && !text.contains('\0'),
            Value::Null => step.nullable,
        };
        place.len() == self.steps.len() && self.steps.iter().zip(place).all(fits)
    }

    /// Rows that come after a place.
    fn after(&self, place: &Place) -> Expr {
        let later = self.steps.iter().zip(place).rev().fold(None, |rest: Option<Expr>, (step, value)| {
            let beyond = step.beyond(value);
            Some(match rest {
                Some(rest) => beyond.or(step.equal(value).and(rest)),
                None => beyond,
            })
        });
        let later = later.unwrap_or_else(|| Expr::val(true));
        let first = self.steps.first().zip(place.first());
        match first.and_then(|(step, value)| step.not_before(value)) {
            // Says nothing new, but is what an index can use.
            Some(not_before) => not_before.and(later),
            None => later,
        }
    }
}

impl Step {
    fn beyond(&self, value: &Value) -> Expr {
        let Some(literal) = literal(value) else { return Expr::val(1).eq(0) };
        let expr = self.expr.clone();
        let beyond = if self.ascending { expr.gt(literal) } else { expr.lt(literal) };
        if self.nullable { beyond.or(self.expr.clone().is_null()) } else { beyond }
    }

    fn equal(&self, value: &Value) -> Expr {
        match literal(value) {
            Some(literal) => self.expr.clone().eq(literal),
            None => self.expr.clone().is_null(),
        }
    }

    fn not_before(&self, value: &Value) -> Option<Expr> {
        let (expr, literal) = (self.expr.clone(), literal(value)?);
        (!self.nullable).then(|| if self.ascending { expr.gte(literal) } else { expr.lte(literal) })
    }
}

fn literal(value: &Value) -> Option<Expr> {
    match value {
        Value::Integer(number) => Some(Expr::val(*number)),
        Value::Number(number) => Some(Expr::val(*number)),
        Value::Text(text) => Some(Expr::val(text.as_str())),
        Value::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_a_token() {
        let place = vec![
            Value::Integer(-7),
            Value::Number(1.0),
            Value::Number(f64::MAX),
            Value::Text("é\"".into()),
            Value::Null,
        ];
        let json = serde_json::to_string(&place).unwrap();
        assert_eq!(json, r#"[-7,1.0,1.7976931348623157e+308,"é\"",null]"#);
        assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), place);
    }

    #[test]
    fn a_place_in_another_order_is_not_looked_at() {
        let mut steps = Steps::default();
        steps.by(Expr::col("a"), Kind::Integer, true);
        steps.by_nullable(Expr::col("b"), Kind::Text, true);
        assert!(steps.has(&vec![Value::Integer(1), Value::Null]));
        assert!(steps.has(&vec![Value::Integer(1), Value::Text("x".into())]));
        for other in [
            vec![],
            vec![Value::Integer(1)],
            vec![Value::Null, Value::Null],
            vec![Value::Text("1".into()), Value::Null],
            vec![Value::Integer(1), Value::Number(1.0)],
            vec![Value::Integer(1), Value::Text("\0".into())],
        ] {
            assert!(!steps.has(&other), "{other:?}");
        }
    }
}
