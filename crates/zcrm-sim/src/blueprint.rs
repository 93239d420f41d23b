//! The definitions of blueprints.

/// A blueprint: the transitions between the values of a picklist field.
///
/// A record is in the process while its field has one of the values that the transitions name.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use zcrm_sim::{BlueprintSpec, Simulator, TransitionSpec};
///
/// let calls = BlueprintSpec::new("Calls to leads", "Leads", "Lead_Status").transition(
///     TransitionSpec::new("Call", "Attempted to Contact")
///         .from(["Not Contacted"])
///         .mandatory("Phone"),
/// );
/// let sim = Simulator::builder().blueprint(calls).start().await?;
/// # let _ = sim;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a blueprint applies once it is given to `Builder::blueprint`"]
pub struct BlueprintSpec {
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) field: String,
    pub(crate) transitions: Vec<TransitionSpec>,
}

impl BlueprintSpec {
    /// Creates a blueprint without transitions, for a field of a module.
    pub fn new(
        name: impl Into<String>,
        module: impl Into<String>,
        field: impl Into<String>,
    ) -> Self {
        let (name, module, field) = (name.into(), module.into(), field.into());
        Self { name, module, field, transitions: Vec::new() }
    }

    /// Adds a transition.
    pub fn transition(mut self, transition: TransitionSpec) -> Self {
        self.transitions.push(transition);
        self
    }

    /// Returns whether records with this value are in the process.
    pub(crate) fn includes(&self, value: &str) -> bool {
        let is_of = |one: &TransitionSpec| one.to == value || one.starts_at(value);
        self.transitions.iter().any(is_of)
    }
}

/// A transition of a [`BlueprintSpec`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a transition applies once it is given to `BlueprintSpec::transition`"]
pub struct TransitionSpec {
    pub(crate) name: String,
    pub(crate) from: Vec<String>,
    pub(crate) to: String,
    /// The fields that the transition asks for, and whether they are mandatory.
    pub(crate) fields: Vec<(String, bool)>,
}

impl TransitionSpec {
    /// Creates a transition to the value `to`.
    pub fn new(name: impl Into<String>, to: impl Into<String>) -> Self {
        Self { name: name.into(), from: Vec::new(), to: to.into(), fields: Vec::new() }
    }

    /// Adds the values at which the transition starts.
    pub fn from<V: Into<String>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.from.extend(values.into_iter().map(Into::into));
        self
    }

    /// Adds a field without which the transition is only saved.
    pub fn mandatory(mut self, field: impl Into<String>) -> Self {
        self.fields.push((field.into(), true));
        self
    }

    /// Adds a field that may be left out.
    pub fn optional(mut self, field: impl Into<String>) -> Self {
        self.fields.push((field.into(), false));
        self
    }

    pub(crate) fn starts_at(&self, value: &str) -> bool {
        self.from.iter().any(|one| one == value)
    }
}
