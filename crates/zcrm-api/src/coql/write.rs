//! Writes the text of a built query, and checks it against Zoho's limits.

use std::{collections::HashSet, hash::Hash};

use zcrm_core::{ApiVersion, Error, escaped};

use super::{
    limits::{
        MOST_AGGREGATES, MOST_DEPTH, MOST_GROUPS, MOST_JOINS_IN_SELECT, MOST_JOINS_IN_WHERE,
        MOST_ORDERS, MOST_TESTS, at_most, has_views, most_by_offset, most_columns, most_joins,
    },
    query::Query,
    text::{QueryPaging, QueryText},
};
use crate::{
    Condition, check,
    condition::{Column, KnownFields},
};

impl Query {
    pub(super) fn text(&self, version: ApiVersion) -> Result<QueryText, Error> {
        if let Some(known) = &self.known {
            self.check_known(known)?;
        }
        let (mut in_select, mut others) = (Relations::default(), Relations::default());
        let select = self.select(version, &mut in_select)?;
        let mut text = QueryText::new(select, self.from(version)?, version);
        if let Some(condition) = &self.condition {
            let relations = &mut |column| others.add(column);
            text.condition = Some(condition.to_coql_with(version, relations)?);
        }
        let is_keyset = self.is_keyset();
        self.write_tail(is_keyset, &mut others, &mut text.tail)?;
        at_most("relations in `select`", in_select.0.len(), MOST_JOINS_IN_SELECT)?;
        let place = "relations in the condition, `group_by` and `order_by`";
        at_most(place, others.0.len(), MOST_JOINS_IN_WHERE)?;
        others.0.retain(|relation| !in_select.0.contains(relation));
        let all = in_select.0.len().saturating_add(others.0.len());
        at_most(format_args!("relations in {version}"), all, most_joins(version))?;
        text.paging = match is_keyset {
            true => QueryPaging::Keyset { descending: self.descends() },
            false => QueryPaging::Offset(self.checked_offset(version)?),
        };
        text.most = self.limit;
        if let Some(rows) = self.per_page {
            check::in_range("per_page", rows, text.most_per_page)?;
            text.per_page = Some(rows);
        }
        Ok(text)
    }

    /// Checks the names of fields, if the metadata of the module is known.
    fn check_known(&self, known: &KnownFields) -> Result<(), Error> {
        let in_functions = self.aggregates.iter().map(|(_, field)| field);
        let in_orders = self.orders.iter().map(|(field, _)| field);
        let columns = self.fields.iter().chain(in_functions).chain(&self.groups).chain(in_orders);
        columns.map(String::as_str).try_for_each(|column| known.check_column(column))?;
        self.condition.as_ref().map_or(Ok(()), |condition| known.check(condition))
    }

    fn select<'a>(
        &'a self,
        version: ApiVersion,
        relations: &mut Relations<'a>,
    ) -> Result<String, Error> {
        let most = self.fields.len().max(self.default_fields.len()) + self.aggregates.len();
        let mut text = String::with_capacity(20 * most);
        // Zoho refuses a column that is selected twice
        let mut fields = Distinct::default();
        for field in self.selected() {
            let field = version.field_name(&self.module, field);
            if !fields.insert(field) {
                continue;
            }
            let column = column(field)?;
            relations.add(column)?;
            separate(&mut text);
            column.write(&mut text);
        }
        let mut functions = Distinct::default();
        for (function, field) in &self.aggregates {
            if !functions.insert((*function, field.as_str())) {
                continue;
            }
            let column = column(field)?;
            relations.add(column)?;
            separate(&mut text);
            text.push_str(function);
            text.push('(');
            column.write(&mut text);
            text.push(')');
        }
        let count = fields.len().saturating_add(functions.len());
        if count == 0 {
            return Err(Error::input(format!(
                "a query of `{}` must select fields: add `.select([…])`",
                escaped(&self.module)
            )));
        }
        at_most("selected columns", count, most_columns(version))?;
        at_most("functions such as `sum`", functions.len(), MOST_AGGREGATES)?;
        Ok(text)
    }

    /// Returns the selected columns; by default, the fields of a typed module.
    fn selected(&self) -> impl Iterator<Item = &str> {
        let by_default = self.fields.is_empty() && self.aggregates.is_empty();
        let defaults = if by_default { self.default_fields } else { &[] };
        self.fields.iter().map(String::as_str).chain(defaults.iter().copied())
    }

    fn from(&self, version: ApiVersion) -> Result<String, Error> {
        match &self.view {
            None => Ok(self.module.clone()),
            Some(_) if !has_views(version) => Err(Error::input(format!(
                "a query cannot read a custom view in {version}: use v7 or later, or `list().view(…)`"
            ))),
            Some(view) => Ok(format!("{}#{}", self.module, view.check()?)),
        }
    }

    /// Writes `group by` and `order by`.
    fn write_tail<'a>(
        &'a self,
        is_keyset: bool,
        relations: &mut Relations<'a>,
        out: &mut String,
    ) -> Result<(), Error> {
        at_most("columns of `group_by`", self.groups.len(), MOST_GROUPS)?;
        at_most("columns of `order_by`", self.orders.len(), MOST_ORDERS)?;
        if self.is_grouped() {
            self.check_groups()?;
        }
        // with the keywords; no memory for an empty tail
        out.reserve(32 * (self.groups.len() + self.orders.len()));
        // Zoho refuses a column that a clause names twice
        for (index, field) in self.groups.iter().enumerate() {
            let column = column(field)?;
            relations.add(column)?;
            if self.groups.iter().take(index).all(|earlier| earlier != field) {
                out.push_str(if index == 0 { " group by " } else { ", " });
                column.write(out);
            }
        }
        let (mut written, mut has_id) = (0, false);
        for (index, (field, descends)) in self.orders.iter().enumerate() {
            let column = column(field)?;
            relations.add(column)?;
            // a keyset writes its own order
            if !is_keyset && self.orders.iter().take(index).all(|(earlier, _)| earlier != field) {
                out.push_str(if index == 0 { " order by " } else { ", " });
                column.write(out);
                out.push_str(if *descends { " desc" } else { " asc" });
                written += 1;
                has_id |= field == "id";
            }
        }
        // rows with equal values would otherwise come in any order, and pages would not fit together
        if written > 0 && written < MOST_ORDERS && !has_id && !self.is_grouped() {
            out.push_str(", id asc");
        }
        Ok(())
    }

    /// Returns `true` if a row is a summary of several records.
    fn is_grouped(&self) -> bool {
        !self.groups.is_empty() || !self.aggregates.is_empty()
    }

    /// Checks that a query with groups or functions has no columns but those of its groups.
    fn check_groups(&self) -> Result<(), Error> {
        let orders = self.orders.iter().map(|(field, _)| (field.as_str(), "`order_by`"));
        let mut columns = self.selected().map(|field| (field, "`select`")).chain(orders);
        let other = columns.find(|(column, _)| !self.groups.iter().any(|group| group == column));
        other.map_or(Ok(()), |(column, place)| {
            Err(Error::input(format!(
                "the column `{}` of {place} is not in `group_by`: a query with functions or groups has no \
                 other columns; add it to `group_by`, or leave it out",
                escaped(column)
            )))
        })
    }

    /// Returns `true` if each page can begin after the last id of the previous one.
    fn is_keyset(&self) -> bool {
        let by_id = match self.orders.as_slice() {
            [] => true,
            [(field, _)] => field == "id",
            _ => false,
        };
        // the position is one more comparison
        let has_room = || self.condition.as_ref().map_or(0, Condition::tests) < MOST_TESTS;
        by_id && self.offset == 0 && !self.is_grouped() && has_room()
    }

    /// Returns `true` if the first order begins with the largest value.
    fn descends(&self) -> bool {
        self.orders.first().is_some_and(|(_, descends)| *descends)
    }

    fn checked_offset(&self, version: ApiVersion) -> Result<u64, Error> {
        let wall = most_by_offset(version);
        match self.offset < wall {
            true => Ok(self.offset),
            false => Err(Error::input(format!(
                "invalid `offset` {}: Zoho skips fewer than {wall} rows in {version}; a condition on `id` \
                 skips any number",
                self.offset
            ))),
        }
    }
}

fn separate(text: &mut String) {
    if !text.is_empty() {
        text.push_str(", ");
    }
}

fn column(name: &str) -> Result<Column<'_>, Error> {
    Column::new(name).ok_or_else(|| {
        Error::input(format!(
            "invalid column `{}`: expected the API name of a field, with dots for fields of related records, \
             for example `Account_Name.Industry`",
            escaped(name)
        ))
    })
}

/// The relations that columns follow, each once. They are few: more than 20 are refused.
#[derive(Default)]
struct Relations<'a>(Vec<&'a str>);

impl<'a> Relations<'a> {
    /// Adds the relations of a column.
    fn add(&mut self, column: Column<'a>) -> Result<(), Error> {
        let Some(relation) = column.relation() else { return Ok(()) };
        if column.depth() > MOST_DEPTH {
            return Err(Error::input(format!(
                "the column `{}` is too deep: Zoho follows at most {MOST_DEPTH} relations, such as \
                 `Account_Name.Parent_Account.Industry`",
                escaped(column.name())
            )));
        }
        if !self.0.contains(&relation) {
            self.0.push(relation);
        }
        Ok(())
    }
}

/// The largest number of values that are compared one by one.
const FEW: usize = 16;

/// Values, each once. Few are compared one by one, because that needs no hashes.
struct Distinct<T> {
    few: Vec<T>,
    many: HashSet<T>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { few: Vec::new(), many: HashSet::new() }
    }
}

impl<T: Eq + Hash + Copy> Distinct<T> {
    /// Adds a value, and returns `true` if it is new.
    fn insert(&mut self, value: T) -> bool {
        if self.few.contains(&value) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(value);
            return true;
        }
        self.many.insert(value)
    }

    fn len(&self) -> usize {
        self.few.len().saturating_add(self.many.len())
    }
}
