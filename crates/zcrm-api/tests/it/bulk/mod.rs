//! Bulk reads against a scripted server, as documented by Zoho for v2 to v8.

mod faults;
mod fixture;
mod jobs;
mod results;
mod rows;
