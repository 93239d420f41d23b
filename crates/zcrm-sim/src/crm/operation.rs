//! Operations of the CRM API.

use hyper::Method;

use crate::crm::call::Handler;

pub(super) type Needs = &'static [&'static str];

/// An operation of the CRM API.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    /// The path below the version, after `bulk/` for operations of bulk jobs. A name in braces
    /// matches any segment.
    pub(crate) path: &'static str,
    /// The required scopes, without `ZohoCRM.` and the operation, or whole. All of them are required. `|`
    /// separates alternatives, and `{module}` is the module in the path.
    needs: Needs,
    pub(crate) run: Run,
}

/// How an operation is executed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    Handler(Handler),
    /// As a composite call, whose parts are operations.
    Composite,
    /// An operation of Zoho that is not simulated.
    NotSimulated,
}

impl Operation {
    /// Returns the required scopes: one scope of each list.
    pub(crate) fn scopes(&self, module: &str) -> Vec<Vec<String>> {
        let verb = match self.method {
            "GET" => "READ",
            "POST" => "CREATE",
            "DELETE" => "DELETE",
            _ => "UPDATE",
        };
        let one = |scope: &str| {
            let scope = scope.replace("{module}", module);
            if scope.starts_with("Zoho") { scope } else { format!("ZohoCRM.{scope}.{verb}") }
        };
        self.needs.iter().map(|any| any.split('|').map(one).collect()).collect()
    }

    pub(crate) fn takes(&self, method: &Method) -> bool {
        method.as_str() == self.method
    }
}

pub(super) const fn get(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "GET", path, needs, run: Run::Handler(run) }
}

pub(super) const fn post(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "POST", path, needs, run: Run::Handler(run) }
}

pub(super) const fn put(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "PUT", path, needs, run: Run::Handler(run) }
}

pub(super) const fn patch(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "PATCH", path, needs, run: Run::Handler(run) }
}

pub(super) const fn delete(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "DELETE", path, needs, run: Run::Handler(run) }
}

/// Creates the operation of composite calls.
pub(super) const fn composite(path: &'static str, needs: Needs) -> Operation {
    Operation { method: "POST", path, needs, run: Run::Composite }
}

/// Creates an operation of Zoho that is not simulated.
pub(super) const fn later(method: &'static str, path: &'static str) -> Operation {
    Operation { method, path, needs: &[], run: Run::NotSimulated }
}
