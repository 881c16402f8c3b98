//! Tables: the first rows of text with separators, and of Parquet files.

use service::TableHead;

use super::{Rendered, add, escape, escaped, shortened};

/// Rows that are shown.
pub(in crate::artifacts) const ROWS: usize = 200;
/// Columns that are shown.
pub(in crate::artifacts) const COLUMNS: usize = 100;
/// Characters of a cell that are shown.
const CELL: usize = 300;

/// Comma- or tab-separated values; `cut` if there is more of the file.
pub(in crate::artifacts) fn separated(text: &str, delimiter: u8, cut: bool) -> Rendered {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let owned = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let head = reader.headers().map(owned).unwrap_or_default();
    let mut rows: Vec<Vec<String>> =
        reader.records().map_while(Result::ok).take(ROWS + 1).map(|record| owned(&record)).collect();
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    if cut && !more {
        // The last row may have been cut through.
        rows.pop();
    }
    let width = rows.iter().map(Vec::len).chain([head.len()]).max().unwrap_or_default();
    let mut notes = vec![match (cut || more, rows.len()) {
        (true, 1) => "The first row.".to_owned(),
        (true, count) => format!("The first {count} rows."),
        (false, 1) => "1 row.".to_owned(),
        (false, count) => format!("{count} rows."),
    }];
    if width > COLUMNS {
        notes.push(format!("The first {COLUMNS} of {width} columns."));
    }
    let columns: Vec<_> = (0..width.min(COLUMNS)).map(|i| (head.get(i).cloned().unwrap_or_default(), None)).collect();
    let rows = rows.into_iter().map(|row| row.into_iter().map(Some).collect());
    Rendered { html: table(&columns, rows), notes }
}

/// The beginning of a Parquet file.
pub(in crate::artifacts) fn parquet(head: TableHead) -> Rendered {
    let (shown, rows) = (head.columns.len(), head.rows.len());
    let mut notes = vec![match (i64::try_from(rows), head.total_rows) {
        (Ok(rows), total) if rows < total => format!("The first {rows} of {total} rows."),
        (_, 1) => "1 row.".to_owned(),
        (_, total) => format!("{total} rows."),
    }];
    if shown < head.total_columns {
        notes.push(format!("The first {shown} of {} columns.", head.total_columns));
    }
    let columns: Vec<_> = head.columns.into_iter().map(|(name, kind)| (name, Some(kind))).collect();
    Rendered { html: table(&columns, head.rows.into_iter()), notes }
}

/// Columns are names and types; a column of numbers is set to the right.
fn table(columns: &[(String, Option<String>)], rows: impl Iterator<Item = Vec<Option<String>>>) -> String {
    let rows: Vec<Vec<Option<String>>> = rows.collect();
    let is_number = |value: &String| value.is_empty() || value.parse::<f64>().is_ok();
    let numbers: Vec<bool> = (0..columns.len())
        .map(|i| {
            let mut values = rows.iter().filter_map(|row| row.get(i)?.as_ref()).peekable();
            values.peek().is_some() && values.all(is_number)
        })
        .collect();
    let class = |i: usize| if numbers.get(i) == Some(&true) { " class=\"number\"" } else { "" };
    let mut out =
        String::from("<div class=\"table-scroll data-table\" tabindex=\"0\"><table class=\"grid\"><thead><tr>");
    for (i, (name, kind)) in columns.iter().enumerate() {
        add(&mut out, format_args!("<th scope=\"col\"{}>{}", class(i), escaped(&shortened(name, CELL))));
        if let Some(kind) = kind {
            add(&mut out, format_args!(" <span class=\"small\">{}</span>", escaped(kind)));
        }
        out.push_str("</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for i in 0..columns.len() {
            match row.get(i) {
                Some(Some(value)) => {
                    add(&mut out, format_args!("<td{}>", class(i)));
                    escape(&mut out, &shortened(value, CELL));
                    out.push_str("</td>");
                }
                Some(None) => out.push_str("<td class=\"muted\">null</td>"),
                None => out.push_str("<td></td>"),
            }
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_and_numbers_stand_right() {
        let rendered = separated("name,n\n<b>x</b>,1.5\ny,2\nonly\n", b',', false);
        assert!(
            rendered.html.contains("<td>&lt;b&gt;x&lt;/b&gt;</td><td class=\"number\">1.5</td>"),
            "{}",
            rendered.html
        );
        assert!(rendered.html.contains("<td>only</td><td></td>"), "{}", rendered.html);
        assert_eq!(rendered.notes, ["3 rows."]);
    }

    #[test]
    fn a_row_that_was_cut_through_is_left_out() {
        let rendered = separated("a\tb\n1\t2\n3\t", b'\t', true);
        assert_eq!(rendered.html.matches("<tr>").count(), 2, "{}", rendered.html);
        assert_eq!(rendered.notes, ["The first row."]);
    }

    #[test]
    fn large_tables_are_cut() {
        let wide = (0..300).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
        let rendered = separated(&format!("{wide}\n{wide}\n"), b',', false);
        assert_eq!(rendered.html.matches("<td").count(), COLUMNS);
        let cell = separated(&format!("a\n{}\n", "x".repeat(100_000)), b',', false);
        assert!(cell.html.len() < 1_000);
    }
}
