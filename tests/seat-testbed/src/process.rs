use std::{
    collections::VecDeque,
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};

/// The program of this name: where the environment variable says, else where this workspace
/// builds, the release one first.
///
/// # Panics
/// When it was not built.
pub fn executable(name: &str, variable: &str) -> PathBuf {
    if let Some(path) = env::var_os(variable) {
        return path.into();
    }
    // A test program lies in `target/debug/deps`.
    let test = env::current_exe().expect("a process knows its program");
    let target = test.ancestors().nth(3).expect("a test program lies below the target folder");
    let built = ["release", "debug"].map(|profile| target.join(profile).join(name));
    let found = built.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("no {name} in {}: cargo build --release -p {name}", target.display())
    })
}

/// One of this crate's own programs, built beside the test.
///
/// # Panics
/// When it was not built.
pub fn own_executable(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a process knows its program");
    let built = test.ancestors().nth(2).expect("a test program lies below its profile's folder");
    let program = built.join(name);
    assert!(program.is_file(), "no {}: cargo build -p seat-testbed", program.display());
    program
}

/// A program of others: the one that the environment variable names, else the one in `PATH`, else
/// what `tests/run` has fetched.
///
/// # Panics
/// When there is none.
pub(crate) fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = env::var_os(variable) {
        return path.into();
    }
    let found = in_path(name).or_else(|| fetched(name));
    found.unwrap_or_else(|| panic!("no {name} in {variable} or PATH; `tests/run` installs it"))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Where `tests/tools/install.sh` puts a program that no package of the system has: the newest.
fn fetched(name: &str) -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    let folders = fs::read_dir(cache.join("seat-booking-tools")).ok()?.filter_map(Result::ok);
    let programs = folders.map(|folder| folder.path().join("wheel/fiftyone/db/bin").join(name));
    programs.filter(|path| path.is_file()).max()
}

/// A process whose log is kept. Killed when it is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
}

/// As many as a server writes in a test that has it tell all details and reads the whole log.
const LOG_LINES_MAX: usize = 500_000;

impl Process {
    /// Starts a program with nothing in its environment, in this folder.
    pub(crate) fn start(program: &Path, arguments: &[String], folder: &Path) -> Self {
        let mut command = dying_with_us(program);
        // No setting of whoever runs the tests may reach the server, by variable or by `.env`.
        command.args(arguments).current_dir(folder).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = spawn_on_lasting_thread(command)
            .unwrap_or_else(|error| panic!("{} can't be started: {error}", program.display()));
        let stderr = child.stderr.take().expect("it is piped");
        let log = Arc::default();
        let lines = Arc::clone(&log);
        thread::spawn(move || keep(stderr, &lines));
        Self { child, log }
    }

    /// Sends a signal to a process that nobody has waited for.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process has an id"), signal).expect("the process runs");
    }

    /// Kills the process, as a crash would, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the process runs");
        self.child.wait().expect("it was started by us");
    }

    /// What the process wrote to standard error, the newest lines last.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails when the process has ended, and then all is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(stderr: ChildStderr, log: &Mutex<VecDeque<String>>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let mut lines = log.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LOG_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// A command that is killed when the tests are, however they end: nobody drops what is static.
fn dying_with_us(program: &Path) -> Command {
    static SETPRIV: LazyLock<Option<PathBuf>> = LazyLock::new(|| in_path("setpriv"));
    match &*SETPRIV {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        // It is part of util-linux; elsewhere a shared server has to be stopped by hand.
        None => Command::new(program),
    }
}

/// The signal is sent when the *thread* ends that started the process, and a test's thread ends
/// with the test; this one lasts as long as the tests.
fn spawn_on_lasting_thread(command: Command) -> std::io::Result<Child> {
    type Started = mpsc::Sender<std::io::Result<Child>>;
    static COMMANDS: LazyLock<mpsc::Sender<(Command, Started)>> = LazyLock::new(|| {
        let (commands, received) = mpsc::channel::<(Command, Started)>();
        thread::spawn(move || {
            for (mut command, started) in received {
                // Nobody receives it when the test has ended meanwhile.
                let _ = started.send(command.spawn());
            }
        });
        commands
    });
    let (started, child) = mpsc::channel();
    COMMANDS.send((command, started)).expect("the thread lasts");
    child.recv().expect("the thread answers")
}
