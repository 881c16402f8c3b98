//! The grammar that all searches share: from words to comparisons whose keys and values nobody has judged yet.

use winnow::Parser;
use winnow::Result as Parsed;
use winnow::combinator::{alt, opt, repeat};
use winnow::error::EmptyError;
use winnow::token::any;

use super::lexer::{self, Kind, Token};
use super::{Comparator, MAX_COMPARISONS, MAX_FILTER_BYTES, MAX_PATTERN_CHARS, Number, TextTest};
use crate::names::python_repr;
use crate::{Error, Result};

type Tokens<'t, 'a> = &'t [Token<'a>];

/// What stands left: `key` or `entity.key`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identifier<'a> {
    /// As it was written.
    pub(super) raw: &'a str,
    /// What is before the first dot, without backticks.
    pub(super) entity: Option<&'a str>,
    /// What is after it, without quotes.
    pub(super) key: &'a str,
}

impl<'a> Identifier<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        // A quoted first part may hold dots of its own.
        let quoted = raw.chars().next().filter(|c| matches!(c, '`' | '"'));
        let skip = quoted.and_then(|quote| raw[1..].find(quote)).map_or(0, |end| end + 2);
        match raw[skip..].find('.') {
            Some(dot) => {
                let (entity, key) = (&raw[..skip + dot], &raw[skip + dot + 1..]);
                Self { raw, entity: Some(unquote(entity, &['`'])), key: unquote(key, &['`', '"', '\'']) }
            }
            None => Self { raw, entity: None, key: unquote(raw, &['`', '"']) },
        }
    }
}

/// Text without the pair of quotes around it, if that is what the quotes are.
fn unquote<'a>(text: &'a str, quotes: &[char]) -> &'a str {
    let is_pair = |inner: &str, quote: char| !inner.replace(&String::from_iter([quote; 2]), "").contains(quote);
    quotes
        .iter()
        .find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| is_pair(inner, quote)))
        .unwrap_or(text)
}

/// How the sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Number(Comparator),
    Like,
    ILike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
    /// What looks like an operator and is none: `==`, `<>`, `NOT LIKE`, `RLIKE`.
    Unknown,
}

/// What stands right.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// Nothing, after `IS NULL`.
    None,
    /// Text in quotes, without them.
    Text(&'a str),
    /// A number.
    Number(Number),
    /// A word without quotes.
    Bare,
    /// What is within parentheses.
    List(Vec<Token<'a>>),
}

/// One comparison, as it was written.
#[derive(Clone, Debug)]
pub(super) struct Comparison<'a> {
    pub(super) left: Identifier<'a>,
    pub(super) operator: Operator,
    /// The operator as it was written, but for the spaces within it.
    pub(super) operator_text: String,
    pub(super) value: Value<'a>,
    /// The value as it was written.
    pub(super) raw_value: &'a str,
}

impl<'a> Comparison<'a> {
    /// The comparator, if the operator is one.
    pub(super) fn comparator(&self) -> Option<Comparator> {
        match self.operator {
            Operator::Number(comparator) => Some(comparator),
            _ => None,
        }
    }

    /// The number on the right, if there is one.
    pub(super) fn number(&self) -> Option<Number> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text on the right, which must be quoted; `other` words the refusal of numbers and the like.
    pub(super) fn text(&self, other: impl FnOnce(&str) -> String) -> Result<&'a str> {
        match self.value {
            Value::Text(text) => Ok(text),
            Value::Bare => Err(Error::invalid(format!(
                "Parameter value is either not quoted or unidentified quote types used for string value {}. \
                 Use either single or double quotes.",
                self.raw_value
            ))),
            _ => Err(Error::invalid(other(self.raw_value))),
        }
    }

    /// The test of a text; `None` if the operator is none for texts.
    pub(super) fn text_test(&self, other: impl FnOnce(&str) -> String) -> Result<Option<TextTest>> {
        if let Value::List(tokens) = &self.value {
            let list = list(tokens, self.raw_value)?;
            return Ok(match self.operator {
                Operator::In => Some(TextTest::In(list)),
                Operator::NotIn => Some(TextTest::NotIn(list)),
                _ => None,
            });
        }
        let text = self.text(other)?.to_owned();
        Ok(match self.operator {
            Operator::Number(Comparator::Eq) => Some(TextTest::Eq(text)),
            Operator::Number(Comparator::Ne) => Some(TextTest::Ne(text)),
            Operator::Like => Some(TextTest::Like(pattern(text)?)),
            Operator::ILike => Some(TextTest::ILike(pattern(text)?)),
            _ => None,
        })
    }

    /// Whether it compares with a list.
    pub(super) fn has_list(&self) -> bool {
        matches!(self.value, Value::List(_))
    }

    /// Whether it is `IS NULL` or `IS NOT NULL`.
    pub(super) fn is_null_test(&self) -> bool {
        matches!(self.operator, Operator::IsNull | Operator::IsNotNull)
    }
}

fn pattern(text: String) -> Result<String> {
    if text.chars().count() > MAX_PATTERN_CHARS {
        return Err(Error::invalid(format!(
            "A pattern of LIKE or ILIKE can have at most {MAX_PATTERN_CHARS} characters."
        )));
    }
    Ok(text)
}

/// The texts of a list.
fn list(tokens: &[Token<'_>], raw: &str) -> Result<Vec<String>> {
    const START: &str = "While parsing a list in the query, expected";
    let mut texts = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match (token.kind, place % 2) {
            (Kind::Single | Kind::Double, 0) => texts.push(inner(token.text).to_owned()),
            (Kind::Comma, 1) => {}
            (Kind::Number | Kind::Name, _) => {
                return Err(Error::invalid(format!(
                    "{START} string value, punctuation, or whitespace, but got different type in list: {raw}"
                )));
            }
            _ => {
                return Err(Error::invalid(format!(
                    "{START} a non-empty list of string values, but got ill-formed list."
                )));
            }
        }
    }
    if texts.is_empty() {
        return Err(Error::invalid(format!("{START} a non-empty list of string values, but got empty list")));
    }
    Ok(texts)
}

/// A quoted word without its quotes.
fn inner(quoted: &str) -> &str {
    &quoted[1..quoted.len() - 1]
}

/// How an entity's searches word the refusal of words that belong to no comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wording {
    /// Runs quote each of them.
    Quoted,
    /// Experiments and the registry don't.
    Plain,
    /// Logged models describe what they expect.
    Described,
}

/// Reads a filter into comparisons, all of which must hold. Absent and empty filters have none.
pub(super) fn parse(filter: Option<&str>, wording: Wording) -> Result<Vec<Comparison<'_>>> {
    let filter = filter.unwrap_or_default();
    if filter.is_empty() {
        return Ok(Vec::new());
    }
    if filter.len() > MAX_FILTER_BYTES {
        return Err(Error::invalid(format!(
            "Invalid filter. It has {} bytes; at most {MAX_FILTER_BYTES} are allowed.",
            filter.len()
        )));
    }
    if filter.trim().is_empty() || filter.contains('\0') {
        return Err(Error::invalid(match wording {
            Wording::Described => {
                format!("Invalid filter string: {}. Expected a single SQL expression.", python_repr(filter))
            }
            _ => format!("Invalid filter '{filter}'. Could not be parsed."),
        }));
    }
    let tokens = lexer::tokens(filter);
    check_single(filter, &tokens, wording)?;
    let mut rest = tokens.as_slice();
    let mut comparisons = Vec::new();
    let mut strays = Vec::new();
    while let Some(next) = rest.first() {
        if let Ok(Some((left, build))) = opt(comparison).parse_next(&mut rest) {
            let end = tokens[tokens.len() - rest.len() - 1].end();
            comparisons.push(judge(filter, end, left, build)?);
        } else if next.is_word("and") {
            rest = &rest[1..];
        } else {
            let taken = if next.kind == Kind::Open { group_length(rest) } else { 1 };
            strays.push((next.start, &filter[next.start..rest[taken - 1].end()]));
            rest = &rest[taken..];
        }
    }
    if let Some(&(first, _)) = strays.first() {
        return Err(stray(filter, first, &strays, wording));
    }
    if comparisons.len() > MAX_COMPARISONS {
        return Err(Error::invalid(format!(
            "Invalid filter. It has {} comparisons; at most {MAX_COMPARISONS} are allowed.",
            comparisons.len()
        )));
    }
    Ok(comparisons)
}

/// Refuses a second statement after a semicolon.
fn check_single(filter: &str, tokens: &[Token<'_>], wording: Wording) -> Result<()> {
    let Some(end) = tokens.iter().position(|t| t.kind == Kind::Semicolon) else { return Ok(()) };
    if tokens[end..].iter().all(|t| t.kind == Kind::Semicolon) {
        return Ok(());
    }
    let filter = python_repr(filter);
    Err(Error::invalid(match wording {
        Wording::Described => format!("Invalid filter string: {filter}. Expected a single SQL expression."),
        _ => format!("Search filter contained multiple expression {filter}. Provide AND-ed expression list."),
    }))
}

/// How many words the parentheses hold that open here, themselves included; all the rest if they don't close.
fn group_length(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    tokens.len()
}

/// Words that belong to no comparison, and where the first of them is.
fn stray(filter: &str, first: usize, strays: &[(usize, &str)], wording: Wording) -> Error {
    let place = filter[..first].chars().count() + 1;
    let words = |quote: &str| strays.iter().map(|(_, s)| format!("{quote}{s}{quote}")).collect::<Vec<_>>().join(", ");
    Error::invalid(match wording {
        Wording::Quoted => format!("Invalid clause(s) in filter string: {} (at character {place})", words("'")),
        Wording::Plain => format!("Invalid clause(s) in filter string: {} (at character {place})", words("")),
        Wording::Described => format!(
            "Invalid filter string: {}. Expected a list of comparisons separated by 'AND' \
             (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01'). (At character {place})",
            python_repr(filter)
        ),
    })
}

/// The right half of a comparison: the operator, its text, and the words of the value.
type Right<'a> = (Operator, String, Vec<Token<'a>>);

fn comparison<'a>(input: &mut Tokens<'_, 'a>) -> Parsed<(Token<'a>, Right<'a>), EmptyError> {
    (operand, alt((null_test, membership, measure))).parse_next(input)
}

/// `IS [NOT] NULL`
fn null_test<'a>(input: &mut Tokens<'_, 'a>) -> Parsed<Right<'a>, EmptyError> {
    (word("is"), opt(word("not")), word("null"))
        .map(|(_, not, _)| match not {
            None => (Operator::IsNull, "IS NULL".to_owned(), Vec::new()),
            Some(_) => (Operator::IsNotNull, "IS NOT NULL".to_owned(), Vec::new()),
        })
        .parse_next(input)
}

/// `[NOT] IN (…)`
fn membership<'a>(input: &mut Tokens<'_, 'a>) -> Parsed<Right<'a>, EmptyError> {
    (opt(word("not")), word("in"), group)
        .map(|(not, word, group)| match not {
            None => (Operator::In, word.text.to_owned(), group),
            Some(_) => (Operator::NotIn, "NOT IN".to_owned(), group),
        })
        .parse_next(input)
}

/// `= value` and the like.
fn measure<'a>(input: &mut Tokens<'_, 'a>) -> Parsed<Right<'a>, EmptyError> {
    let value = alt((operand.map(|token| vec![token]), group));
    (operator, value).map(|((operator, text), value)| (operator, text, value)).parse_next(input)
}

fn operator(input: &mut Tokens<'_, '_>) -> Parsed<(Operator, String), EmptyError> {
    let symbol = kind(Kind::Compare).map(|token| {
        let operator = match token.text {
            "=" => Operator::Number(Comparator::Eq),
            "!=" => Operator::Number(Comparator::Ne),
            "<" => Operator::Number(Comparator::Lt),
            "<=" => Operator::Number(Comparator::Le),
            ">" => Operator::Number(Comparator::Gt),
            ">=" => Operator::Number(Comparator::Ge),
            _ => Operator::Unknown,
        };
        (operator, token.text.to_owned())
    });
    let like = || alt((word("like"), word("ilike"), word("rlike")));
    let positive = like().map(|token| {
        let operator = match token.text.to_ascii_lowercase().as_str() {
            "like" => Operator::Like,
            "ilike" => Operator::ILike,
            _ => Operator::Unknown,
        };
        (operator, token.text.to_owned())
    });
    let negative = (word("not"), like()).map(|(_, token)| (Operator::Unknown, format!("NOT {}", token.text)));
    alt((symbol, positive, negative)).parse_next(input)
}

/// Anything that may stand on either side. Whether it may stand on this one is for [`judge`] to say.
fn operand<'a>(input: &mut Tokens<'_, 'a>) -> Parsed<Token<'a>, EmptyError> {
    any.verify(|token: &Token<'_>| {
        matches!(token.kind, Kind::Name | Kind::Malformed | Kind::Number | Kind::Single | Kind::Double)
            && !["and", "or", "not"].iter().any(|word| token.is_word(word))
    })
    .parse_next(input)
}

/// What is between parentheses, with them.
fn group<'a>(input: &mut Tokens<'_, 'a>) -> Parsed<Vec<Token<'a>>, EmptyError> {
    let inside = any.verify(|token: &Token<'_>| !matches!(token.kind, Kind::Open | Kind::Close));
    (kind(Kind::Open), repeat::<_, _, Vec<_>, _, _>(0.., inside), kind(Kind::Close))
        .map(|(open, inside, close)| std::iter::once(open).chain(inside).chain([close]).collect())
        .parse_next(input)
}

fn kind<'t, 'a: 't>(kind: Kind) -> impl Parser<Tokens<'t, 'a>, Token<'a>, EmptyError> {
    any.verify(move |token: &Token<'_>| token.kind == kind)
}

fn word<'t, 'a: 't>(word: &'static str) -> impl Parser<Tokens<'t, 'a>, Token<'a>, EmptyError> {
    any.verify(move |token: &Token<'_>| token.is_word(word))
}

/// Checks which kind of word stands on which side.
fn judge<'a>(
    filter: &'a str,
    end: usize,
    left: Token<'a>,
    (operator, operator_text, value): Right<'a>,
) -> Result<Comparison<'a>> {
    if !matches!(left.kind, Kind::Name | Kind::Double) {
        return Err(Error::invalid(format!(
            "Invalid comparison clause. Expected 'Identifier' found '{}'{}",
            left.text,
            if left.kind == Kind::Malformed {
                " (keys of other characters than letters, digits, _ and . need backticks)"
            } else {
                ""
            }
        )));
    }
    let raw_value = value.first().map_or("", |first| &filter[first.start..end]);
    let value = match value.as_slice() {
        [] => Value::None,
        [token] => match token.kind {
            Kind::Single | Kind::Double => Value::Text(inner(token.text)),
            Kind::Number => Value::Number(number(token.text)),
            _ => Value::Bare,
        },
        [_, inside @ .., _] => Value::List(inside.to_vec()),
    };
    Ok(Comparison { left: Identifier::new(left.text), operator, operator_text, value, raw_value })
}

/// The lexer lets nothing through that isn't a number.
fn number(text: &str) -> Number {
    text.parse().map_or_else(|_| Number::Float(text.parse().unwrap_or(f64::NAN)), Number::Int)
}
