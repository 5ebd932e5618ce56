mod crash;
mod disk;
mod opening;
mod samples;
mod writing;
