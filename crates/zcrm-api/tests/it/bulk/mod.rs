//! Bulk reads, exports, bulk writes and imports, against a scripted server and the simulator.

mod dead_tokens;
mod export;
mod faults;
mod fixture;
mod import;
mod jobs;
mod left_files;
mod listed;
mod results;
mod rows;
mod simulated;
mod world;
mod write_children;
mod write_faults;
mod write_input;
mod writes;
