//! Builds the facts from the files and the overlay.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::change::{added, change};
use super::extract::{extract, paging, retry};
use super::facts::Facts;
use super::generation::Generation;
use super::join::{Disputes, join, merge};
use super::overlay::{Entry, Overlay};
use super::spec::{RawOperation, Spec};

/// The result of reading the files.
#[derive(Debug)]
pub(crate) struct Built {
    /// The operations, sorted by id.
    pub(crate) all: Vec<Facts>,
    /// The number of operations in the files.
    pub(crate) operations: usize,
    pub(crate) skipped: usize,
    pub(crate) aliases: usize,
    /// The number of operations that a more general one covers.
    pub(crate) covered: usize,
}

/// The table while it is built.
struct Table<'o> {
    overlay: &'o Overlay,
    all: BTreeMap<String, Facts>,
    /// The operations whose response the rules cannot determine.
    unclear: Vec<String>,
    /// The contradictions between the descriptions, by id.
    disputes: BTreeMap<String, Disputes>,
    problems: Vec<String>,
    skipped: usize,
    aliases: usize,
    /// Operations that a more general one covers, with the entry that says so.
    covered: Vec<(&'o Entry, Facts)>,
}

/// Reads every operation of the files, oldest description first, and applies the overlay.
pub(crate) fn build(specs: &[Spec], overlay: &Overlay) -> Result<Built> {
    let mut table = Table {
        overlay,
        all: BTreeMap::new(),
        unclear: Vec::new(),
        disputes: BTreeMap::new(),
        problems: Vec::new(),
        skipped: 0,
        aliases: 0,
        covered: Vec::new(),
    };
    let mut operations = 0;
    let mut added = false;
    for spec in specs {
        // the files of the second description may describe what the overlay added to the first
        if spec.generation == Generation::Second && !added {
            table.add()?;
            added = true;
        }
        let raw = spec.operations()?;
        operations += raw.len();
        table.read(spec.generation, &raw)?;
    }
    if !added {
        table.add()?;
    }
    table.correct()?;
    table.name_other_forms();
    table.check_names();
    table.check_covered()?;
    let Table { all, mut problems, skipped, aliases, covered, .. } = table;
    problems.extend(overlay.unused().iter().map(|what| format!("overlay.toml: unused: {what}")));
    let repairs = specs.iter().map(Spec::used_repairs).reduce(|one, other| &one | &other);
    let unused = overlay
        .repairs
        .iter()
        .zip(0..)
        .filter(|(_, at)| !repairs.as_ref().is_some_and(|used| used.contains(at)));
    problems.extend(unused.map(|(repair, _)| {
        format!("overlay.toml: unused: reference {} in {}", repair.reference, repair.file)
    }));
    if problems.is_empty() {
        let all = all.into_values().collect();
        return Ok(Built { all, operations, skipped, aliases, covered: covered.len() });
    }
    bail!("{} to settle:\n    {}", problems.len(), problems.join("\n    "))
}

impl<'o> Table<'o> {
    /// Reads the operations of one description.
    fn read(&mut self, generation: Generation, raw: &[RawOperation<'_>]) -> Result<()> {
        let overlay = self.overlay;
        let mut aliases = Vec::new();
        for operation in raw {
            let source = operation.source();
            if overlay.about(&overlay.skip, &source).is_some() {
                self.skipped += 1;
                continue;
            }
            let (facts, clear) = extract(generation, operation, overlay)?;
            if let Some(entry) = overlay.about(&overlay.general, &source) {
                self.covered.push((entry, facts));
            } else if let Some(entry) = overlay.about(&overlay.alias, &source) {
                aliases.push((entry.text("of")?, facts, clear));
            } else if let Some(id) =
                self.of_route(&facts).filter(|_| generation == Generation::Second)
            {
                self.join(generation, &id, facts, clear);
            } else {
                self.insert(facts, clear);
            }
        }
        for (id, facts, clear) in aliases {
            self.aliases += 1;
            self.alias(generation, &id, facts, clear);
        }
        Ok(())
    }

    /// Returns the id of the newest operation with the same route.
    fn of_route(&self, facts: &Facts) -> Option<String> {
        let mut same = self.all.values().filter(|it| it.route() == facts.route());
        same.find(|it| it.until.is_none()).map(|it| it.id.clone())
    }

    fn insert(&mut self, facts: Facts, clear: bool) {
        if let Some(other) = self.all.get(&facts.id) {
            let (source, known) = (facts.all_sources(), other.all_sources());
            self.problems.push(format!("{source} and {known} are both named {}", facts.id));
            return;
        }
        if !clear {
            self.unclear.push(facts.id.clone());
        }
        self.all.insert(facts.id.clone(), facts);
    }

    fn alias(&mut self, generation: Generation, id: &str, facts: Facts, clear: bool) {
        let Some(target) = self.all.get_mut(id) else {
            self.problems.push(format!("overlay.toml: unknown operation {id} in an alias"));
            return;
        };
        if !target.route().eq_ignore_ascii_case(&facts.route()) {
            let (one, other) = (facts.route(), target.route());
            self.problems.push(format!("{one} is not an alias of {other}"));
        }
        if target.sources.keys().any(|known| *known < generation) {
            self.join(generation, id, facts, clear);
        } else {
            merge(target, facts);
        }
    }

    /// Joins a newer description of an operation with the older one.
    fn join(&mut self, generation: Generation, id: &str, facts: Facts, clear: bool) {
        let Some(target) = self.all.get_mut(id) else { return };
        if target.sources.contains_key(&generation) {
            let (one, other) = (target.all_sources(), facts.all_sources());
            self.problems.push(format!("{one} and {other} describe the same route"));
            return;
        }
        let of_overlay = target.sources.is_empty();
        let disputes = join(target, facts, clear);
        if !of_overlay {
            self.disputes.insert(id.to_owned(), disputes);
        }
    }

    /// Adds the operations that the files lack.
    fn add(&mut self) -> Result<()> {
        for entry in &self.overlay.add {
            let facts = added(entry)?;
            if self.all.insert(facts.id.clone(), facts).is_some() {
                let place = &entry.place;
                self.problems.push(format!("{place} adds an operation that already exists"));
            }
        }
        Ok(())
    }

    /// Applies the corrections of the overlay.
    fn correct(&mut self) -> Result<()> {
        let Self { overlay, all, unclear, disputes, problems, .. } = self;
        for (id, facts) in all {
            let before = facts.clone();
            let mut own = disputes.remove(id).unwrap_or_default();
            for entry in overlay.change.iter().filter(|entry| entry.about.contains(id)) {
                overlay.about(std::slice::from_ref(entry), id);
                let was = facts.clone();
                change(facts, entry)?;
                let settles = entry.fields.contains_key("response") && unclear.contains(id);
                if !own.settle(entry) && *facts == was && !settles {
                    problems.push(format!("{} does not change {id}", entry.place));
                }
                if settles {
                    unclear.retain(|other| other != id);
                }
            }
            // derive the other facts from the corrected ones
            if facts.paging == before.paging {
                facts.paging = paging(&facts.query);
            }
            if facts.retry == before.retry && !facts.sources.is_empty() {
                facts.retry = retry(facts);
            }
            let all = facts.all_sources();
            problems.extend(own.left(facts).iter().map(|what| format!("{id} ({all}): {what}")));
        }
        for id in unclear.iter() {
            let sources = self.all.get(id).map(Facts::all_sources).unwrap_or_default();
            self.problems.push(format!("{id} ({sources}): the rule cannot determine its response"));
        }
        Ok(())
    }

    /// Enters the other forms of routes that depend on the version.
    fn name_other_forms(&mut self) {
        for entry in &self.overlay.add {
            let (Ok(id), Ok(other)) = (entry.text("beside"), entry.text("id")) else { continue };
            match self.all.get_mut(&id) {
                Some(facts) if facts.instead.is_empty() => facts.instead = other,
                Some(_) => {}
                None => self
                    .problems
                    .push(format!("overlay.toml: unknown operation {id}, another form of {other}")),
            }
        }
    }

    /// Checks that other operations exist, and that no two rows have the same route.
    fn check_names(&mut self) {
        for facts in self.all.values().filter(|facts| !facts.instead.is_empty()) {
            if !self.all.contains_key(&facts.instead) {
                let (id, instead) = (&facts.id, &facts.instead);
                self.problems.push(format!("{id} names {instead}, which does not exist"));
            }
        }
        let other_form = |id: &str| {
            let mut entries = self.overlay.add.iter().filter(|entry| {
                ["beside", "form_of"].iter().any(|key| entry.fields.contains_key(*key))
            });
            entries.any(|entry| entry.text("id").is_ok_and(|other| other == id))
        };
        let mut routes: BTreeMap<String, &str> = BTreeMap::new();
        for facts in self.all.values().filter(|facts| !other_form(&facts.id)) {
            if let Some(other) = routes.insert(facts.route(), &facts.id) {
                let (id, route) = (&facts.id, facts.route());
                self.problems.push(format!("{id} and {other} have the same route: {route}"));
            }
        }
    }

    /// Enters the covered operations in the general ones, which must be able to send them.
    fn check_covered(&mut self) -> Result<()> {
        for (entry, facts) in &self.covered {
            let (id, source) = (entry.text("of")?, facts.all_sources());
            let Some(general) = self.all.get_mut(&id) else {
                self.problems.push(format!("{} names {id}, which does not exist", entry.place));
                continue;
            };
            if !general.covers_route(facts) {
                let (one, other) = (facts.route(), general.route());
                self.problems.push(format!("{}: {other} does not cover {one}", entry.place));
            }
            let refused: Vec<&str> = entry.list("refuse").collect();
            let unknown = |known: &[String], name: &String| {
                !known.contains(name) && !refused.contains(&name.as_str())
            };
            for name in facts.query.iter().filter(|name| unknown(&general.query, name)) {
                self.problems.push(format!("{id} lacks the parameter `{name}` of {source}"));
            }
            for name in facts.body_keys.iter().filter(|name| unknown(&general.body_keys, name)) {
                self.problems.push(format!("{id} lacks the member `{name}` of {source}"));
            }
            general.covers.push(source);
        }
        Ok(())
    }
}
