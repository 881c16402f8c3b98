//! The tables.

use crate::server::Peer;

/// How fast a row is meant to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Nothing in particular: the row is there to compare with.
    None,
    /// This many times as fast as FastTrackML, which is that many times as fast as MLflow on SQLite and on Postgres.
    FastTrackMl(f64, [f64; 2]),
    /// This many times as fast as MLflow.
    Mlflow(f64),
    /// As fast as the row before it.
    RowBefore,
    /// At most this much.
    AtMost(f64),
    /// At least this part of what the disk gives.
    OfRaw(f64),
}

/// Medians of one thing.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// Whether less is better: times and memory.
    pub(crate) less_is_better: bool,
    pub(crate) goal: Goal,
    pub(crate) peers: Vec<(Peer, f64)>,
    pub(crate) raw: Option<f64>,
}

impl Row {
    fn of(&self, peer: Peer) -> Option<f64> {
        self.peers.iter().find(|(p, _)| *p == peer).map(|(_, number)| *number)
    }

    /// How many times as good Ferroflow is.
    fn times(&self, other: Option<f64>) -> Option<f64> {
        let (ours, other) = (self.of(Peer::Ferroflow)?, other?);
        Some(if self.less_is_better { other / ours } else { ours / other })
    }

    /// What was to be reached, and whether it was; `None` where what it is compared with was not measured.
    fn verdict(&self, before: Option<&Self>, database: usize) -> (String, Option<bool>) {
        let mlflow = self.times(self.of(Peer::Mlflow));
        match self.goal {
            Goal::None => (String::new(), None),
            Goal::FastTrackMl(factor, over_mlflow) => {
                if let Some(times) = self.times(self.of(Peer::FastTrackMl)) {
                    return (format!("{factor:.0}× FastTrackML"), Some(times >= factor));
                }
                let factor = factor * over_mlflow[database];
                (format!("{factor:.0}× MLflow"), mlflow.map(|times| times >= factor))
            }
            Goal::Mlflow(factor) => (format!("{factor:.0}× MLflow"), mlflow.map(|times| times >= factor)),
            // A tenth is what two runs of the same differ by.
            Goal::RowBefore => {
                ("the row before".into(), before.and_then(|row| self.times(row.of(Peer::Ferroflow))).map(|t| t >= 0.9))
            }
            Goal::AtMost(most) => {
                (format!("at most {most} {}", self.unit), self.of(Peer::Ferroflow).map(|number| number <= most))
            }
            Goal::OfRaw(part) => {
                (format!("{:.0} % of raw", part * 100.0), self.times(self.raw).map(|times| times >= part))
            }
        }
    }
}

/// Prints rows as a table of Markdown. `database` is 0 for SQLite and 1 for Postgres.
pub(crate) fn print(title: &str, rows: &[Row], peers: &[Peer], database: usize) {
    let others: Vec<Peer> = peers.iter().copied().filter(|peer| *peer != Peer::Ferroflow).collect();
    let mut table = vec![vec![title.to_owned(), "unit".into()]];
    table[0].extend(peers.iter().map(|peer| peer.name().to_owned()));
    table[0].push("raw".into());
    table[0].extend(others.iter().map(|peer| format!("× {}", peer.name())));
    table[0].extend(["% of raw".into(), "to reach".into(), String::new()]);
    for (number, row) in rows.iter().enumerate() {
        let before = number.checked_sub(1).and_then(|before| rows.get(before));
        let mut line = vec![row.what.clone(), row.unit.to_owned()];
        line.extend(peers.iter().map(|peer| row.of(*peer).map_or_else(|| "–".into(), figure)));
        line.push(row.raw.map_or_else(String::new, figure));
        line.extend(others.iter().map(|peer| row.times(row.of(*peer)).map_or_else(|| "–".into(), figure)));
        line.push(row.times(row.raw).map_or_else(String::new, |times| format!("{:.0}", times * 100.0)));
        let (goal, reached) = row.verdict(before, database);
        let mark = match reached {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        line.extend([goal, mark.to_owned()]);
        table.push(line);
    }
    println!("\n{}", markdown(&table));
}

fn markdown(table: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..table[0].len())
        .map(|column| table.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let lines = table.iter().map(|line| {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!(" {cell:<width$} "));
        format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
    });
    let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width + 2)).collect();
    let rule = format!("|{}|\n", rules.join("|"));
    let mut lines: Vec<String> = lines.collect();
    lines.insert(1, rule);
    lines.concat()
}

/// A number with the digits that mean something.
fn figure(number: f64) -> String {
    match number {
        n if n.abs() >= 100.0 => {
            let digits = format!("{n:.0}");
            let mut grouped = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            grouped
        }
        n if n.abs() >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}
