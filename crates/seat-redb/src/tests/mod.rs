mod crash;
mod damage;
mod disk;
mod history;
mod opening;
mod samples;
mod writing;
