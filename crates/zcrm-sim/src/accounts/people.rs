//! The users who may consent, in this data centre and in others.

use std::sync::Arc;

use super::context::Context;
use super::page::Person;
use crate::data_center::DataCenter;
use crate::state::{State, User};

/// Returns all users who may consent, in this data centre and in the others.
pub(super) fn people(cx: &Context<'_>) -> Vec<Person> {
    let mut people = Vec::new();
    let mut list = |state: &State, location: &str| {
        people.extend(state.users.iter().map(|user| Person {
            email: user.email.clone(),
            name: user.full_name(),
            location: location.to_owned(),
        }));
    };
    list(cx.state, &cx.config.data_center);
    for other in cx.others {
        list(&other.state(), &other.config.data_center);
    }
    people
}

/// Returns the other data centre that has a user with this address.
pub(super) fn home_of<'a>(
    others: &'a [Arc<DataCenter>],
    email: &str,
) -> Option<&'a Arc<DataCenter>> {
    others.iter().find(|other| user_by_email(&other.state(), email).is_some())
}

/// Returns the user with this e-mail address.
pub(super) fn user_by_email<'a>(state: &'a State, email: &str) -> Option<&'a User> {
    state.users.iter().find(|user| user.email == email)
}
