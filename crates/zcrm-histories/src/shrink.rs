//! Makes a failing plan shorter: each step that is not needed for the failure is removed.

use std::io;

use crate::tokens::{self, Plan, plant::Plant};

/// Returns a shorter plan that breaks a promise as well.
///
/// # Errors
/// Returns an error if the runtime cannot be built.
pub(crate) fn shrink(mut plan: Plan, plant: Option<Plant>) -> io::Result<Plan> {
    loop {
        let mut is_shorter = false;
        let mut index = 0;
        while index < plan.steps.len() {
            let mut shorter = plan.clone();
            shorter.steps.remove(index);
            if breaks(&shorter, plant)? {
                plan = shorter;
                is_shorter = true;
            } else {
                index += 1;
            }
        }
        for shorter in smaller(&plan) {
            if breaks(&shorter, plant)? {
                plan = shorter;
                is_shorter = true;
                break;
            }
        }
        if !is_shorter {
            return Ok(plan);
        }
    }
}

fn breaks(plan: &Plan, plant: Option<Plant>) -> io::Result<bool> {
    Ok(tokens::run(plan, plant, false)?.broken.is_some())
}

/// Returns the plans with one caller, user or quarter of an hour less.
fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut plans = Vec::new();
    if plan.callers > 1 {
        plans.push(Plan { callers: plan.callers - 1, ..plan.clone() });
    }
    if plan.users > 1 {
        plans.push(plan.without_last_user());
    }
    let quarter = std::time::Duration::from_secs(900);
    let last = plan.steps.last().map(|step| step.at).unwrap_or_default();
    if plan.length > last + quarter {
        plans.push(Plan { length: plan.length - quarter, ..plan.clone() });
    }
    plans
}
