//! The words of the search language.

use winnow::combinator::{alt, delimited, eof, not, opt, peek, preceded, repeat, terminated};
use winnow::error::EmptyError;
use winnow::stream::LocatingSlice;
use winnow::token::{any, one_of, take_while};
use winnow::{Parser, Result};

type Input<'a> = LocatingSlice<&'a str>;

/// What kind of word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `a`, `` `a b` ``, `a.b`, `a."b c"`; keywords too.
    Name,
    /// A name that runs on into characters that only quotes make legal, such as `params.a-b`.
    Malformed,
    /// `1`, `-1.5`, `.5`, `1e-3`.
    Number,
    /// `'text'`.
    Single,
    /// `"text"`, which is a value on the right and a name on the left.
    Double,
    /// Any run of `=<>!~`.
    Compare,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// Any other character.
    Other,
}

/// A word and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As it was written, quotes included.
    pub(super) text: &'a str,
    /// Its first byte's place.
    pub(super) start: usize,
}

impl Token<'_> {
    /// The place after its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, in any letter case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Name && self.text.eq_ignore_ascii_case(word)
    }
}

/// Splits text into words. Every text has them: what fits nothing else is [`Kind::Other`].
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    terminated(repeat(0.., preceded(blanks, token)), (blanks, eof)).parse(LocatingSlice::new(text)).unwrap_or_default()
}

fn blanks(input: &mut Input<'_>) -> Result<(), EmptyError> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

fn token<'a>(input: &mut Input<'a>) -> Result<Token<'a>, EmptyError> {
    alt((
        number.value(Kind::Number),
        name,
        quoted('\'').value(Kind::Single),
        take_while(1.., ['=', '<', '>', '!', '~']).value(Kind::Compare),
        any.map(|c| match c {
            '(' => Kind::Open,
            ')' => Kind::Close,
            ',' => Kind::Comma,
            ';' => Kind::Semicolon,
            _ => Kind::Other,
        }),
    ))
    .with_taken()
    .with_span()
    .map(|((kind, text), span)| Token { kind, text, start: span.start })
    .parse_next(input)
}

fn number(input: &mut Input<'_>) -> Result<(), EmptyError> {
    let digits = |least: usize| take_while(least.., |c: char| c.is_ascii_digit());
    (
        opt('-'),
        alt(((digits(1), opt(('.', digits(0)))).void(), ('.', digits(1)).void())),
        opt((one_of(['e', 'E']), opt(one_of(['+', '-'])), digits(1))),
        not(one_of(|c| is_word(c) || c == '.')),
    )
        .void()
        .parse_next(input)
}

fn name(input: &mut Input<'_>) -> Result<Kind, EmptyError> {
    let is_double = peek(opt('"')).parse_next(input)?.is_some();
    alt((bare, quoted('`'), quoted('"'))).parse_next(input)?;
    let more: usize = repeat(0.., ('.', alt((bare, quoted('`'), quoted('"'), quoted('\''))))).parse_next(input)?;
    if is_double && more == 0 {
        return Ok(Kind::Double);
    }
    let rest = opt(take_while(1.., runs_on)).parse_next(input)?;
    Ok(if rest.is_some() { Kind::Malformed } else { Kind::Name })
}

fn bare(input: &mut Input<'_>) -> Result<(), EmptyError> {
    take_while(1.., is_word).void().parse_next(input)
}

/// Text between two of the same quotes. A doubled quote doesn't end it, and stays doubled: there is no way to write the
/// quote itself.
fn quoted<'a>(quote: char) -> impl Parser<Input<'a>, (), EmptyError> {
    let inside = alt((take_while(1.., move |c| c != quote).void(), (quote, quote).void()));
    delimited(quote, repeat::<_, _, (), _, _>(0.., inside), quote).void()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What may follow a name without a blank and yet does not belong to it is the next word; anything else is a mistake.
fn runs_on(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '=' | '<' | '>' | '!' | '~' | '(' | ')' | ',' | ';' | '\'' | '"' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).into_iter().map(|t| (t.kind, t.text)).collect()
    }

    #[test]
    fn words_need_no_blanks_between_them() {
        use Kind::{Compare, Double, Name, Number, Single};
        assert_eq!(words("metrics.acc>-0.4"), [(Name, "metrics.acc"), (Compare, ">"), (Number, "-0.4")]);
        assert_eq!(
            words("run_name= 'a'AND x=\"b\""),
            [
                (Name, "run_name"),
                (Compare, "="),
                (Single, "'a'"),
                (Name, "AND"),
                (Name, "x"),
                (Compare, "="),
                (Double, "\"b\"")
            ]
        );
    }

    #[test]
    fn keys_of_other_characters_need_quotes() {
        use Kind::{Malformed, Name};
        assert_eq!(words("params.`a-b`"), [(Name, "params.`a-b`")]);
        assert_eq!(words("params.\"a b\".c"), [(Name, "params.\"a b\".c")]);
        assert_eq!(words("params.a-b x"), [(Malformed, "params.a-b"), (Name, "x")]);
    }

    #[test]
    fn numbers_end_where_a_word_does() {
        use Kind::{Name, Number, Other};
        for number in ["1", "-1", ".5", "1.", "1e3", "-1.5E-3"] {
            assert_eq!(words(number), [(Number, number)]);
        }
        assert_eq!(words("1and"), [(Name, "1and")]);
        assert_eq!(words("+1"), [(Other, "+"), (Number, "1")]);
    }
}
