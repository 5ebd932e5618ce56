//! CPU time of processes out of `/proc`; where there is none, nothing is known.

use std::{fs, path::Path};

use crate::origin::Origin;

/// CPU seconds of this process and of the server's, all together where there are several; `None`
/// where they can't be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CpuSeconds {
    pub(crate) own: Option<f64>,
    pub(crate) server: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
enum Process {
    Own,
    Id(u32),
}

/// The unit of `/proc/*/stat`: USER_HZ, which is 100 on every Linux that Rust's std runs on.
const TICKS_PER_SECOND: f64 = 100.0;

impl CpuSeconds {
    pub(crate) const ZERO: Self = Self { own: Some(0.0), server: Some(0.0) };

    /// What the processes have used so far, in steps of 10 ms.
    pub(crate) fn so_far(servers: &[u32]) -> Self {
        let of_servers = servers.iter().map(|&id| seconds(Process::Id(id))).sum();
        let server = if servers.is_empty() { None } else { of_servers };
        Self { own: seconds(Process::Own), server }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            own: self.own.zip(other.own).map(|(a, b)| a + b),
            server: self.server.zip(other.server).map(|(a, b)| a + b),
        }
    }

    pub(crate) fn minus(self, earlier: Self) -> Self {
        Self {
            own: self.own.zip(earlier.own).map(|(a, b)| a - b),
            server: self.server.zip(earlier.server).map(|(a, b)| a - b),
        }
    }
}

/// User and system time of all its threads.
fn seconds(process: Process) -> Option<f64> {
    let stat = match process {
        Process::Own => fs::read_to_string("/proc/self/stat"),
        Process::Id(id) => fs::read_to_string(format!("/proc/{id}/stat")),
    };
    ticks(&stat.ok()?).map(|ticks| ticks as f64 / TICKS_PER_SECOND)
}

/// Fields 14 and 15, utime and stime. The name, field 2, is in parentheses and may have spaces and
/// parentheses itself.
fn ticks(stat: &str) -> Option<u64> {
    let (_, from_third) = stat.rsplit_once(')')?;
    let mut times = from_third.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

/// The process on this machine that listens where the URL points, if it can be seen.
pub(crate) fn server(origin: &Origin) -> Option<u32> {
    if !origin.is_loopback() {
        return None;
    }
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| listening(&table, origin.address().1))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        has_open(&entry.path(), &sockets).then_some(id)
    })
}

fn has_open(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

/// The inodes of the sockets that listen on the port, out of a table such as `/proc/net/tcp`.
fn listening(table: &str, port: u16) -> Vec<String> {
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[_, local, _, state, _, _, _, _, _, inode, ..] = fields.as_slice() else {
            return None;
        };
        let (_, local_port) = local.rsplit_once(':')?;
        let listens = state == "0A" && u16::from_str_radix(local_port, 16) == Ok(port);
        listens.then(|| inode.to_owned())
    };
    table.lines().filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_process_name_with_spaces_and_parentheses_is_skipped() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 90 0 0 0 120 30 0 0 20 0 4 0 99 0 0";
        assert_eq!(ticks(stat), Some(150));
        assert_eq!(ticks("7 (a) S 1"), None);
    }

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue:rx_queue tr tm->when retrnsmt uid timeout inode\n\
            0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4242 1\n\
            1: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000 0 0 4243 1\n\
            2: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4244 1\n";
        assert_eq!(listening(table, 3000), ["4242"]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_behind_a_local_url_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert_eq!(server(&url.parse().unwrap()), Some(std::process::id()));
        assert!(seconds(Process::Own).is_some());
    }
}
