//! An operation of the CRM.

use hyper::Method;

use crate::crm::call::Handler;

pub(super) type Needs = &'static [&'static str];

/// An operation of the CRM.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    /// Its path below the version; a name in braces is any text.
    pub(crate) path: &'static str,
    /// The scopes that it needs, each of them, without `ZohoCRM.` and without the verb; alternatives
    /// are parted by a bar, and `{module}` is the module of the path.
    needs: Needs,
    /// `None` for what Zoho has and the simulator has not.
    pub(crate) run: Option<Handler>,
}

impl Operation {
    /// The scopes that the call needs: all of the lists, any of a list.
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

/// One that Zoho has and the simulator has not.
pub(super) const fn later(method: &'static str, path: &'static str) -> Operation {
    Operation { method, path, needs: &[], run: None }
}
