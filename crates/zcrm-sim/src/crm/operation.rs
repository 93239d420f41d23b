//! Operations of the CRM API.

use hyper::Method;

use crate::crm::call::Handler;

pub(super) type Needs = &'static [&'static str];

/// An operation of the CRM API.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    /// The path below the version. A name in braces matches any segment.
    pub(crate) path: &'static str,
    /// The required scopes, without `ZohoCRM.` and the operation. All of them are required. `|`
    /// separates alternatives, and `{module}` is the module in the path.
    needs: Needs,
    /// The handler; `None` for operations of Zoho that are not simulated.
    pub(crate) run: Option<Handler>,
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
            if scope.starts_with("Zoho") {
                scope.to_owned()
            } else {
                format!("ZohoCRM.{}.{verb}", scope.replace("{module}", module))
            }
        };
        self.needs.iter().map(|any| any.split('|').map(one).collect()).collect()
    }

    pub(crate) fn takes(&self, method: &Method) -> bool {
        method.as_str() == self.method
    }
}

pub(super) const fn get(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "GET", path, needs, run: Some(run) }
}

pub(super) const fn post(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "POST", path, needs, run: Some(run) }
}

pub(super) const fn put(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "PUT", path, needs, run: Some(run) }
}

pub(super) const fn patch(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "PATCH", path, needs, run: Some(run) }
}

pub(super) const fn delete(path: &'static str, needs: Needs, run: Handler) -> Operation {
    Operation { method: "DELETE", path, needs, run: Some(run) }
}

/// Creates an operation of Zoho that is not simulated.
pub(super) const fn later(method: &'static str, path: &'static str) -> Operation {
    Operation { method, path, needs: &[], run: None }
}
