//! What the runs table shows, as its address says it.

use super::columns::Column;
use crate::query;
use crate::ui::url_encode;

/// Runs that started within this time before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// 1 hour.
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 365 days.
    Year,
}

impl Within {
    /// Every choice.
    pub(crate) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The value in addresses.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "1y",
        }
    }

    /// As people read it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Hour => "Last hour",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
            Self::Year => "Last year",
        }
    }

    /// Its length in milliseconds.
    pub(crate) const fn millis(self) -> domain::Millis {
        const HOUR: domain::Millis = 3_600_000;
        match self {
            Self::Hour => HOUR,
            Self::Day => 24 * HOUR,
            Self::Week => 7 * 24 * HOUR,
            Self::Month => 30 * 24 * HOUR,
            Self::Year => 365 * 24 * HOUR,
        }
    }

    /// The choice of a value.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|within| within.id() == id)
    }
}

/// What the runs table shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunsQuery {
    /// In `MLflow`'s filter language; may be empty.
    pub(crate) filter: String,
    /// Only runs that started lately.
    pub(crate) within: Option<Within>,
    /// Deleted runs rather than active ones.
    pub(crate) deleted: bool,
    /// What it is sorted by.
    pub(crate) sort: Column,
    /// Small values first.
    pub(crate) ascending: bool,
    /// Columns in order; `None` for those that the server thinks best.
    pub(crate) columns: Option<Vec<Column>>,
    /// Token of a later page.
    pub(crate) page: Option<String>,
}

impl Default for RunsQuery {
    fn default() -> Self {
        Self {
            filter: String::new(),
            within: None,
            deleted: false,
            sort: Column::Created,
            ascending: false,
            columns: None,
            page: None,
        }
    }
}

impl RunsQuery {
    /// Reads a query string; what makes no sense is left out.
    pub(crate) fn parse(text: &str) -> Self {
        let mut out = Self::default();
        let mut ascending = None;
        for (key, value) in query::parse(text) {
            match key.as_str() {
                "filter" => value.trim().clone_into(&mut out.filter),
                "created" => out.within = Within::parse(&value),
                "state" => out.deleted = value == "deleted",
                "sort" => {
                    let column = Column::parse(&value).filter(|column| column.order_key().is_some());
                    out.sort = column.unwrap_or(Column::Created);
                }
                "dir" => ascending = Some(value == "asc"),
                // An empty one says "these columns and no others" when there are no others.
                "col" => {
                    let columns = out.columns.get_or_insert_default();
                    columns.extend(Column::parse(&value).filter(|c| *c != Column::Name && !columns.contains(c)));
                }
                "page" => out.page = Some(value).filter(|token| !token.is_empty()),
                _ => {}
            }
        }
        out.ascending = ascending.unwrap_or_else(|| out.sort.ascends_first());
        out
    }

    /// Its pairs in an address; what is as usual is left out.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        if !self.filter.is_empty() {
            out.push(("filter", self.filter.clone()));
        }
        if let Some(within) = self.within {
            out.push(("created", within.id().to_owned()));
        }
        if self.deleted {
            out.push(("state", "deleted".to_owned()));
        }
        if self.sort != Column::Created {
            out.push(("sort", self.sort.id()));
        }
        if self.ascending != self.sort.ascends_first() {
            out.push(("dir", if self.ascending { "asc" } else { "desc" }.to_owned()));
        }
        match self.columns.as_deref() {
            Some([]) => out.push(("col", String::new())),
            Some(columns) => out.extend(columns.iter().map(|c| ("col", c.id()))),
            None => {}
        }
        out.extend(self.page.iter().map(|page| ("page", page.clone())));
        out
    }

    /// As a query string, for the server.
    pub(crate) fn text(&self) -> String {
        query::address("", &self.pairs())
    }

    /// The address of the table.
    pub(crate) fn address(&self, experiment_id: &str) -> String {
        query::address(&crate::ui::at(&format!("/experiments/{}", url_encode(experiment_id))), &self.pairs())
    }

    /// The order in the search language.
    pub(crate) fn order_by(&self) -> Option<String> {
        Some(format!("{} {}", self.sort.order_key()?, if self.ascending { "ASC" } else { "DESC" }))
    }

    /// The first page of the same with a change.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut out = Self { page: None, ..self.clone() };
        change(&mut out);
        out
    }

    /// Sorted by a column, or the other way round if it is already.
    pub(crate) fn sorted_by(&self, column: &Column) -> Self {
        self.changed(|query| {
            query.ascending = if query.sort == *column { !query.ascending } else { column.ascends_first() };
            query.sort = column.clone();
        })
    }

    /// Whether anything restricts what is found.
    pub(crate) const fn is_filtered(&self) -> bool {
        !self.filter.is_empty() || self.within.is_some() || self.deleted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_is_a_plain_address() {
        assert_eq!(RunsQuery::default().address("1"), "/experiments/1");
        assert_eq!(RunsQuery::parse(""), RunsQuery::default());
    }

    #[test]
    fn every_part_survives_the_address() {
        let query = RunsQuery {
            filter: "params.x LIKE '%ab%'".into(),
            within: Some(Within::Week),
            deleted: true,
            sort: Column::Metric("val loss".into()),
            ascending: true,
            columns: Some(vec![Column::Models, Column::Tag("a.b".into())]),
            page: Some("token".into()),
        };
        let address = query.address("1");
        assert_eq!(RunsQuery::parse(address.split_once('?').unwrap().1), query);
        let bare = RunsQuery { columns: Some(Vec::new()), ..RunsQuery::default() };
        assert_eq!(RunsQuery::parse(bare.address("1").split_once('?').unwrap().1), bare);
    }

    #[test]
    fn sorting_turns_round() {
        let by_loss = RunsQuery::default().sorted_by(&Column::Metric("loss".into()));
        assert!(!by_loss.ascending);
        assert!(by_loss.sorted_by(&Column::Metric("loss".into())).ascending);
        assert!(by_loss.sorted_by(&Column::Name).ascending);
    }
}
